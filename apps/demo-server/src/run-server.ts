import { stat } from 'node:fs/promises';
import { TcpCommError, UsageError } from '@tcpcomm/protocol';
import { type FileTransfer, type ServerSession, TcpCommServer } from '@tcpcomm/server';
import { passOn } from './chat-room.ts';
import { ImageExaminer } from './images/image-examiner.ts';
import { type ImageFolder, ImageReception } from './images/image-reception.ts';
import { Interruption } from './interruption.ts';
import { JsonReport } from './json-report.ts';
import { QuestionDesk } from './questions/question-desk.ts';
import { type ServerReport, sessionName } from './server-report.ts';
import type { ServerSettings } from './server-settings.ts';
import { Screen } from './terminal/screen.ts';
import { TextReport } from './text-report.ts';

/** Runs the server until a signal asks for its end; returns the exit status. */
export async function runServer(settings: ServerSettings): Promise<number> {
  const report = settings.json ? new JsonReport(settings) : new TextReport(settings, new Screen());
  const running = new Set<FileTransfer>();
  const examiner = new ImageExaminer();
  let server: TcpCommServer;
  try {
    await requireFolder('--root', settings.root);
    await requireFolder('--images', settings.images);
    server = createServer(settings, report, running);
    welcomeSessions(server, settings, report, examiner);
    await server.start({ port: settings.port, host: settings.host });
  } catch (error) {
    report.failed(error as Error, adviceFor(error));
    return 1;
  }
  using interruption = new Interruption(() => {
    for (const session of server.sessions) session.destroy();
  });
  // Whoever read along is gone: nobody is left to run for.
  process.stdout.on('error', () => interruption.trigger('SIGHUP'));
  await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve, { once: true }));
  report.closing(running.size);
  await server.close();
  await examiner.close();
  report.closed();
  return 0;
}

function createServer(settings: ServerSettings, report: ServerReport, running: Set<FileTransfer>): TcpCommServer {
  const { bytesPerSecond, totalBytesPerSecond, acceptsPerSecond, threads, allowDuplicateIds, root } = settings;
  const server = new TcpCommServer({
    bytesPerSecond,
    totalBytesPerSecond,
    acceptsPerSecond,
    threads,
    enforceUniqueMachineIds: !allowDuplicateIds,
    ...(root !== undefined && { files: { root } }),
  });
  const begun = new WeakSet<FileTransfer>();
  server.on('listening', (address) => report.listening(address, server));
  server.on('workerLost', (lost) => report.workerLost(lost));
  server.on('sessionClosed', (session, reason) => report.sessionClosed(session, reason));
  server.on('rejected', (connection) => report.rejected(connection));
  server.on('message', (bytes, channel, session) => {
    const name = sessionName(session, allowDuplicateIds);
    report.message({ ...passOn(server, bytes, channel, session, name), bytes, channel }, session);
  });
  server.on('transfer', (transfer: FileTransfer, session: ServerSession) => {
    begun.add(transfer);
    running.add(transfer);
    const remove = () => running.delete(transfer);
    transfer.done.then(remove, remove);
    report.transferBegan(transfer, session);
  });
  server.on('notice', ({ kind, transfer, error, sessionId = 0 }) => {
    const session = server.getSession(sessionId);
    if (session && kind === 'session-suspended') report.sessionSuspended(session);
    if (session && kind === 'session-resumed') report.sessionResumed(session);
    if (kind !== 'error' || error === undefined) return;
    if (transfer === undefined) report.problem(error);
    // The end of one that had begun is told by whoever follows it.
    else if (!begun.has(transfer)) report.transferRefused(transfer, error, session);
  });
  return server;
}

/** Takes the images of each session that comes, answers its questions, and asks who it is. */
function welcomeSessions(
  server: TcpCommServer,
  settings: ServerSettings,
  report: ServerReport,
  examiner: ImageExaminer,
): void {
  const desk = new QuestionDesk(server);
  const folder = imageFolderOf(settings);
  server.on('session', (session) => {
    report.sessionOpened(session);
    desk.attend(session, new ImageReception(session, examiner, folder, report));
    desk.ask(session).then(
      (portrait) => portrait && report.clientAnswered(portrait, session),
      (error: unknown) => report.problem(error as Error),
    );
  });
}

function imageFolderOf({ root, images = root }: ServerSettings): ImageFolder | undefined {
  return images === undefined ? undefined : { path: images, isOffered: images === root };
}

async function requireFolder(option: string, path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new UsageError(`${option} must be a folder, ${stats ? 'something else is at' : 'there is nothing at'} ${path}`);
}

function adviceFor(error: unknown): string | undefined {
  if (!(error instanceof TcpCommError) || error.code !== 'ERR_TCPCOMM_LISTEN_FAILED') return undefined;
  switch ((error.cause as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return 'Another program listens there, perhaps another demo:server. Choose a port with --port, 0 for a free one.';
    case 'EACCES':
      return 'This port needs more rights than you have. Choose one from 1024 on with --port.';
    default:
      return 'Give an address of this machine with --host: 127.0.0.1 for this machine only, 0.0.0.0 for the network.';
  }
}

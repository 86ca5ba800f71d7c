import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { ArrayDescription, ArrayProgress } from '@tcpcomm/large-array';
import type {
  CloseReason,
  FileTransfer,
  LostWorker,
  RejectedConnection,
  ServerSession,
  TcpCommServer,
} from '@tcpcomm/server';
import { IMAGE_CHANNEL } from './images/image.ts';
import type { ImageOutcome } from './images/image-outcome.ts';
import type { ClientPortrait } from './questions/questions.ts';
import { type ServerReport, sessionName } from './server-report.ts';
import type { ServerSettings } from './server-settings.ts';
import { ArrayBoard } from './terminal/array-board.ts';
import { imageLines, UNNAMED_IMAGE } from './terminal/image-lines.ts';
import { portraitText } from './terminal/portrait-text.ts';
import { printable } from './terminal/printable.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from './terminal/quantities.ts';
import type { Screen } from './terminal/screen.ts';
import { viewSending } from './terminal/sending-view.ts';
import { TransferBoard } from './terminal/transfer-board.ts';
import { doneLine, failedLine } from './terminal/transfer-summary.ts';
import type { TransferTitle } from './terminal/transfer-title.ts';
import { workerLines, workersText } from './worker-lines.ts';

const WORKERS_INTERVAL_MS = 500;

/** Tells people: a line for what happened, with the time, and live lines for transfers where there is a terminal. */
export class TextReport implements ServerReport {
  readonly #settings: ServerSettings;
  readonly #screen: Screen;
  readonly #board: TransferBoard;
  readonly #arrays: ArrayBoard;
  #workersTimer: NodeJS.Timeout | undefined;

  constructor(settings: ServerSettings, screen: Screen) {
    this.#settings = settings;
    this.#screen = screen;
    this.#board = new TransferBoard(screen);
    this.#arrays = new ArrayBoard(this.#board);
  }

  listening({ address, port }: AddressInfo, server: TcpCommServer): void {
    this.#showWorkers(server);
    const { root, bytesPerSecond, totalBytesPerSecond } = this.#settings;
    const label = (text: string) => this.#screen.paint('dim', text.padEnd(9));
    const files =
      root === undefined
        ? 'none; start with --root FOLDER to let clients fetch and leave files there'
        : `clients may read and write below ${printable(resolve(root))}`;
    this.#screen.print(
      [
        `${this.#screen.paint(['bold', 'green'], 'listening')} on ${this.#screen.paint('bold', `${address}, port ${port}`)}`,
        `  ${label('files')}${files}`,
        `  ${label('images')}${this.#imagesText()}`,
        `  ${label('rate')}${limitText(bytesPerSecond, 'for each session')}`,
        `  ${label('total')}${limitText(totalBytesPerSecond, 'for all sessions together')}`,
        `  ${label('threads')}${workersText(server.info)}`,
        `  ${label('chat')}a text on a channel goes to all other clients, on the same channel`,
        `  ${label('stop')}Ctrl-C`,
      ].join('\n'),
    );
  }

  workerLost({ threadId, sessions, error }: LostWorker): void {
    const lost = `worker ${threadId} is lost, and ${formatCount(sessions, 'session')} with it`;
    this.#log(`${this.#screen.paint('red', '!')} ${lost}: ${printable(error.message)}; another one takes its place`);
  }

  sessionOpened(session: ServerSession): void {
    this.#log(
      `${this.#screen.paint('green', '+')} ${this.#name(session)} came in, session ${session.sessionId} from ${session.remoteAddress ?? 'nowhere'}`,
    );
  }

  clientAnswered(portrait: ClientPortrait, session: ServerSession): void {
    this.#log(`  ${this.#name(session)} ${this.#screen.paint('dim', `is ${portraitText(portrait)}`)}`);
  }

  sessionSuspended(session: ServerSession): void {
    const sign = this.#screen.paint('yellow', '~');
    this.#log(`${sign} ${this.#name(session)} lost its connection, session ${session.sessionId} waits for it`);
  }

  sessionResumed(session: ServerSession): void {
    const sign = this.#screen.paint('green', '~');
    this.#log(`${sign} ${this.#name(session)} is back, session ${session.sessionId} goes on`);
  }

  sessionClosed(session: ServerSession, reason: CloseReason): void {
    const why = reason.by === 'remote' && reason.isClean ? 'it said goodbye' : printable(reason.message);
    const sign = this.#screen.paint(reason.isClean ? 'dim' : 'yellow', '-');
    this.#log(`${sign} ${this.#name(session)} is gone, session ${session.sessionId}: ${why}`);
  }

  rejected({ error, machineId, remoteAddress }: RejectedConnection): void {
    const who = machineId === undefined ? 'a connection' : `"${printable(machineId)}"`;
    const sign = this.#screen.paint('yellow', '!');
    this.#log(`${sign} turned away ${who} from ${remoteAddress ?? 'nowhere'}: ${printable(error.message)}`);
  }

  message({ text, listeners, bytes, channel }: Parameters<ServerReport['message']>[0], session: ServerSession): void {
    const what =
      text === undefined ? this.#screen.paint('dim', `${formatBytes(bytes.length)}, no text`) : printable(text);
    const to = this.#screen.paint('dim', text === undefined ? 'to nobody' : `to ${listeners}`);
    this.#log(`  ${this.#name(session)} ${this.#screen.paint('dim', `on ${channel}`)} ${what}  ${to}`);
  }

  transferBegan(transfer: FileTransfer, session: ServerSession): void {
    const startMs = performance.now();
    const view = () => ({
      direction: transfer.direction,
      name: transfer.name,
      peer: sessionName(session, this.#settings.allowDuplicateIds),
      progress: transfer.progress,
      sending: viewSending(transfer, session),
    });
    const update = () => this.#board.update(transfer, view());
    transfer.on('progress', update);
    update();
    const end = (line: string) => {
      transfer.off('progress', update);
      this.#board.end(transfer, this.#stamped(line));
    };
    transfer.done.then(
      (result) => end(doneLine(view(), result, performance.now() - startMs, this.#screen)),
      (error: unknown) => end(failedLine(view(), (error as Error).message, this.#screen)),
    );
  }

  transferRefused(transfer: FileTransfer, error: Error, session: ServerSession | undefined): void {
    const peer = session && { peer: sessionName(session, this.#settings.allowDuplicateIds) };
    this.#log(failedLine({ direction: transfer.direction, name: transfer.name, ...peer }, error.message, this.#screen));
  }

  imageMoves(progress: ArrayProgress, session: ServerSession): void {
    this.#arrays.update(arrayKey(session, progress), this.#imageTitle(session, progress), progress);
  }

  imageKept(id: number, outcome: ImageOutcome, session: ServerSession): void {
    const lines = imageLines(this.#imageTitle(session, outcome), outcome, outcome.receivedMs, this.#screen);
    this.#arrays.end(arrayKey(session, { id }), this.#stamped([...lines, this.#keptText(outcome)].join('\n')));
  }

  imageFailed(error: Error, array: ArrayDescription | undefined, session: ServerSession): void {
    const line = failedLine(this.#imageTitle(session, array ?? {}), error.message, this.#screen);
    if (array === undefined) this.#log(line);
    else this.#arrays.end(arrayKey(session, array), this.#stamped(line));
  }

  problem(error: Error): void {
    this.#log(`${this.#screen.paint('red', '!')} ${printable(error.message)}`);
  }

  closing(runningTransfers: number): void {
    const transfers = formatCount(runningTransfers, 'transfer');
    const wait = runningTransfers === 0 ? '' : `: ${transfers} may go on for up to 3 s; Ctrl-C again to stop at once`;
    this.#log(`closing${wait}`);
  }

  closed(): void {
    clearInterval(this.#workersTimer);
    this.#board.footer = () => [];
    this.#board.refresh();
    this.#log('closed');
  }

  failed(error: Error, advice: string | undefined): void {
    console.error(`error: ${printable(error.message)}${advice === undefined ? '' : `\n${advice}`}`);
  }

  /** How busy each of them is, below everything else. */
  #showWorkers(server: TcpCommServer): void {
    this.#board.footer = () => workerLines(server.info.workers);
    this.#workersTimer = setInterval(() => {
      this.#board.refresh();
    }, WORKERS_INTERVAL_MS);
    this.#workersTimer.unref();
  }

  #imageTitle(session: ServerSession, { label = UNNAMED_IMAGE }: { label?: string | undefined }): TransferTitle {
    return { direction: 'incoming', name: label, peer: sessionName(session, this.#settings.allowDuplicateIds) };
  }

  #imagesText(): string {
    const { root, images = root } = this.#settings;
    const arrays = `arrays on channel ${IMAGE_CHANNEL}`;
    if (images === undefined) return `${arrays} are looked at and not kept; start with --images FOLDER to keep them`;
    return `${arrays} become PNG files in ${printable(resolve(images))}`;
  }

  #keptText({ png, examinedMs }: ImageOutcome): string {
    const { root, images = root } = this.#settings;
    const took = this.#screen.paint('dim', `looked at in ${formatDuration(examinedMs)}`);
    if (png === undefined || images === undefined) return `  not kept  ${took}`;
    return `  ${printable(resolve(images, png.name))}, ${formatBytes(png.bytes)}  ${took}`;
  }

  #name(session: ServerSession): string {
    return this.#screen.paint('bold', printable(sessionName(session, this.#settings.allowDuplicateIds)));
  }

  #log(text: string): void {
    this.#screen.print(this.#stamped(text));
  }

  #stamped(text: string): string {
    return `${this.#screen.paint('dim', new Date().toTimeString().slice(0, 8))} ${text}`;
  }
}

function arrayKey({ sessionId }: ServerSession, { id }: { id: number }): string {
  return `${sessionId}/${id}`;
}

function limitText(bytesPerSecond: number, forWhom: string): string {
  const rate = formatRate(bytesPerSecond);
  return Number.isFinite(bytesPerSecond) ? `${rate} ${forWhom}, both directions added up` : rate;
}

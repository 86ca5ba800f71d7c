import { createInterface } from 'node:readline';
import { type FileTransfer, TcpCommClient } from '@tcpcomm/client';
import {
  errorFacts,
  imageFacts,
  JsonArrayProgress,
  printJsonLine,
  printProgressAsJson,
  resultFacts,
} from '@tcpcomm/demo-server';
import { drawJulia } from '../image/julia-picture.ts';
import { sendImage } from '../image/send-image.ts';
import { answerServer, askServer } from '../questions/server-questions.ts';
import { CHANNELS, endsOf, FILES, PICTURES } from './demo-plan.ts';
import { SENTENCES } from './sentences.ts';

/**
 * One of the demo's clients, in a process of its own. It is told what to do on its standard input and ends with that:
 * `go` moves its files, sends its picture and talks meanwhile, `hush` makes it stop talking, `talk` makes it go on at leisure.
 *
 * Arguments: port, machine id, the demo's temporary folder.
 */
const [port = '', machineId = '', temporaryFolder = ''] = process.argv.slice(2);

const BUSY_INTERVAL_MS = 180;
const LEISURE_INTERVAL_MS = 2_000;
const LAST_WORDS_MS = 500;

const client = new TcpCommClient({ machineId });
answerServer(client);
/** Drawn before anything moves, which would be held up. */
const pictures = PICTURES.filter((picture) => picture.client === machineId).map((picture) => {
  const { name: label, width, height } = picture;
  return { label, width, height, pixels: drawJulia(picture) };
});
const decoder = new TextDecoder();
/** The two do not say the same. */
const firstSentence = machineId.length;
let filesMoving = 0;
let said = 0;
let talking: NodeJS.Timeout | undefined;

// Ctrl-C in the terminal reaches every process of the demo; the one that began them all ends them in good order.
process.on('SIGINT', () => undefined);
process.stdout.on('error', () => process.exit());

client.on('message', (bytes, channel) => {
  printJsonLine({ event: 'heard', channel, text: decoder.decode(bytes), atMs: nowMs(), filesMoving });
});
await client.connect('127.0.0.1', Number(port));
printJsonLine({ event: 'connected', sessionId: client.sessionId });
void client.closed.then((reason) => {
  if (reason.by !== 'local') fail(new Error(`the session ended: ${reason.message}`));
});

askServer(client, {}).then((portrait) => printJsonLine({ event: 'answer', ...portrait }), fail);

for await (const order of createInterface({ input: process.stdin })) {
  if (order === 'go') void go();
  else if (order === 'hush') hush();
  else if (order === 'talk') talk(LEISURE_INTERVAL_MS);
}
clearInterval(talking);
// Files that still move are not waited for: the demo was interrupted.
await client.close({ drainMs: LAST_WORDS_MS });

async function go(): Promise<void> {
  talk(BUSY_INTERVAL_MS);
  const transfers = FILES.filter((file) => file.client === machineId).map((file) => {
    const { source, target } = endsOf(file, temporaryFolder);
    if (file.folder) {
      return file.action === 'get' ? client.getFolder(file.name, { to: target }) : client.sendFolder(source);
    }
    return file.action === 'get' ? client.getFile(file.name, { to: target }) : client.sendFile(source);
  });
  const results = await Promise.allSettled([...transfers.map(follow), ...pictures.map(sendPicture)]);
  for (const result of results) if (result.status === 'rejected') fail(result.reason as Error);
  printJsonLine({ event: 'filesDone' });
}

async function follow(transfer: FileTransfer): Promise<void> {
  const startMs = performance.now();
  printProgressAsJson(transfer, client);
  filesMoving += 1;
  try {
    const result = await transfer.done;
    printJsonLine({ event: 'result', ...resultFacts(transfer, result, performance.now() - startMs) });
  } finally {
    filesMoving -= 1;
  }
}

async function sendPicture(picture: (typeof pictures)[number]): Promise<void> {
  const progress = new JsonArrayProgress(picture.label);
  const { outcome, elapsedMs, sha256 } = await sendImage(client, picture, progress.handle.bind(progress));
  // The server tells for itself which hash it found.
  printJsonLine({ event: 'image', ...imageFacts(outcome), sha256, elapsedMs });
}

function talk(intervalMs: number): void {
  clearInterval(talking);
  talking = setInterval(() => void say(), intervalMs);
  void say();
}

function hush(): void {
  clearInterval(talking);
  printJsonLine({ event: 'hushed' });
}

async function say(): Promise<void> {
  said += 1;
  const channel = CHANNELS[said % CHANNELS.length]!;
  const text = `${SENTENCES[(said + firstSentence) % SENTENCES.length]!} (${said})`;
  printJsonLine({ event: 'said', channel, text, atMs: nowMs() });
  await client.sendText(text, channel).catch(fail);
}

/** The same clock in every process. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function fail(error: Error): void {
  printJsonLine({ event: 'error', ...errorFacts(error) });
}

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import {
  formatCount,
  formatDuration,
  formatRate,
  readProgress,
  type Screen,
  type SendingView,
  TransferBoard,
} from '@tcpcomm/demo-server';
import { Conversation, type SpokenText } from './conversation.ts';
import { createDemoFiles } from './demo-files.ts';
import { CHANNELS, FILES, type PlannedFile, PICTURES, type PlannedPicture } from './demo-plan.ts';
import { DemoProcesses } from './demo-processes.ts';
import { examineFile, isIntact } from './file-outcome.ts';
import { HoldupTally } from './holdup-tally.ts';
import type { JsonProcess, ProcessEvent } from './json-process.ts';
import { examinePicture, isPictureIntact } from './picture-outcome.ts';
import { printFiles, printPictures, printQuestions, printTexts, summaryLine, textLine } from './summary.ts';

export interface DemoOptions {
  /** Whether it ends by itself, or goes on talking until the signal aborts. */
  readonly once: boolean;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

type Planned = PlannedFile | PlannedPicture;

/** A demo that takes longer than that hangs. */
const TIMEOUT_MS = 60_000;
/** How long the last texts, and the server's word that it is done with a file, may be on their way. */
const LAST_REPORTS_MS = 5_000;
const POLL_INTERVAL_MS = 20;

/** Runs the demo; throws what went wrong, and the signal's reason when it aborts. Leaves nothing behind in any case. */
export async function runDemo({ once: endsByItself, screen, signal }: DemoOptions): Promise<void> {
  const processes = await DemoProcesses.create();
  try {
    await createDemoFiles(processes.temporaryFolder);
    const demo = new Demo(processes, screen, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
    await Promise.race([processes.failed, demo.run()]);
    if (!endsByItself) await Promise.race([processes.failed, demo.goOn(signal)]);
  } finally {
    await processes.close();
  }
}

class Demo {
  readonly #processes: DemoProcesses;
  readonly #screen: Screen;
  readonly #board: TransferBoard;
  /** Aborts when it takes too long, too. */
  readonly #signal: AbortSignal;
  readonly #texts: SpokenText[] = [];
  readonly #conversation = new Conversation((text) => {
    this.#screen.print(textLine(text, this.#screen));
    if (!this.#isAtLeisure) this.#texts.push(text);
  });
  readonly #holdups = new HoldupTally();
  /** What the ends that send the files said last. */
  readonly #sending = new Map<Planned, SendingView>();
  /** The events that tell of finished transfers and pictures, by end, client and name. */
  readonly #results = new Map<string, ProcessEvent>();
  #clients: JsonProcess[] = [];
  #error: Error | undefined;
  #isAtLeisure = false;
  #port = 0;

  constructor(processes: DemoProcesses, screen: Screen, signal: AbortSignal) {
    this.#processes = processes;
    this.#screen = screen;
    this.#board = new TransferBoard(screen);
    this.#signal = signal;
  }

  /** Everything up to the summary. */
  async run(): Promise<void> {
    await this.#start();
    await this.#moveFiles();
    await this.#examine();
  }

  /** Goes on talking until the signal aborts. */
  async goOn(signal: AbortSignal): Promise<void> {
    this.#isAtLeisure = true;
    const join = `npx --yes pnpm@12 demo:client chat --port ${this.#port} --channel 7`;
    this.#screen.print(`\nThe clients go on talking until Ctrl-C. Join them from another terminal:\n  ${join}\n`);
    for (const client of this.#clients) client.tell('talk');
    await once(signal, 'abort');
    this.#screen.print('\nThe demo has ended; nothing is left of it.');
  }

  async #start(): Promise<void> {
    const server = this.#processes.startServer();
    server.onEvent((event) => {
      const client = String(event.machineId);
      if (event.event === 'transfer') this.#keepResult('server', client, event.name, event);
      else if (event.event === 'image') this.#keepResult('server', client, event.label, event);
      else if (event.event === 'progress') this.#keepSending(plannedOf(client, event), readProgress(event).sending);
    });
    const { port, bytesPerSecond } = await server.waitFor('listening', this.#signal);
    this.#port = Number(port);
    this.#clients = this.#processes.startClients(this.#port);
    for (const client of this.#clients) client.onEvent((event) => this.#handle(client.name, event));
    const begun = await Promise.all(
      this.#clients.map((client) =>
        Promise.all([
          client.waitFor('connected', this.#signal),
          server.waitFor('client', this.#signal, { machineId: client.name }),
          client.waitFor('answer', this.#signal),
        ]),
      ),
    );
    this.#screen.print(this.#screen.paint('bold', 'A server and two clients, each a process of its own'));
    this.#screen.print(
      `  server  process ${server.pid}, port ${this.#port} of 127.0.0.1, ${formatRate(Number(bytesPerSecond))} for each client`,
    );
    this.#clients.forEach(({ name, pid }, index) => {
      const [{ sessionId }] = begun[index]!;
      this.#screen.print(`  ${name.padEnd(6)}  process ${pid}, session ${String(sessionId)}`);
    });
    this.#screen.print('');
    this.#clients.forEach(({ name }, index) => {
      const [, client, server] = begun[index]!;
      printQuestions(name, client, server, this.#screen);
    });
  }

  /** Lets the clients move their files and pictures, and talk meanwhile; waits until all has arrived. */
  async #moveFiles(): Promise<void> {
    const channels = CHANNELS.join(', ');
    const folders = FILES.filter(({ folder }) => folder !== undefined).length;
    const files = `${formatCount(FILES.length - folders, 'file')}, ${formatCount(folders, 'folder')}`;
    const what = `${files} and ${formatCount(PICTURES.length, 'picture')}`;
    this.#screen.print(`\n${what} set out; meanwhile texts go both ways on the channels ${channels}`);
    const startMs = performance.now();
    const moved = this.#clients.map((client) => client.waitFor('filesDone', this.#signal));
    for (const client of this.#clients) client.tell('go');
    await Promise.all(moved);
    const elapsedMs = performance.now() - startMs;
    const hushed = this.#clients.map((client) => client.waitFor('hushed', this.#signal));
    for (const client of this.#clients) client.tell('hush');
    await Promise.all(hushed);
    const giveUpMs = performance.now() + LAST_REPORTS_MS;
    while (!this.#hasAllReports && performance.now() < giveUpMs) await setTimeout(POLL_INTERVAL_MS);
    if (this.#error) throw this.#error;
    this.#screen.print(`\nAll files done after ${formatDuration(elapsedMs)}.`);
  }

  /** Whether every text has been heard and both ends have told of every file and picture. */
  get #hasAllReports(): boolean {
    return this.#conversation.missing === 0 && this.#results.size === 2 * (FILES.length + PICTURES.length);
  }

  /** Compares what arrived with what was sent, and tells. */
  async #examine(): Promise<void> {
    const outcomes = await Promise.all(
      FILES.map((file) => {
        return examineFile(file, this.#processes.temporaryFolder, ...this.#resultsOf(file));
      }),
    );
    const pictures = PICTURES.map((picture) => examinePicture(picture, ...this.#resultsOf(picture)));
    printFiles(outcomes, this.#screen);
    printPictures(pictures, this.#screen);
    printTexts(this.#texts, this.#conversation.missing, this.#screen);
    this.#screen.print(`\n${summaryLine(this.#texts, this.#holdups)}`);
    const broken = [
      ...outcomes.filter((outcome) => !isIntact(outcome)).map(({ file }) => file),
      ...pictures.filter((outcome) => !isPictureIntact(outcome)).map(({ picture }) => picture),
    ].map(({ name }) => JSON.stringify(name));
    if (broken.length > 0) throw new Error(`not the same at both ends: ${broken.join(', ')}`);
    if (this.#conversation.missing > 0) throw new Error(`${this.#conversation.missing} texts did not arrive`);
    if (!this.#texts.some((text) => text.wasWhileFilesMoved)) throw new Error('no text arrived while files moved');
  }

  #handle(client: string, event: ProcessEvent): void {
    switch (event.event) {
      case 'said':
        this.#conversation.handleSaid(client, event);
        break;
      case 'heard':
        this.#conversation.handleHeard(client, event);
        break;
      case 'progress':
        this.#handleProgress(client, event);
        break;
      case 'result':
        this.#board.end(plannedOf(client, event));
        this.#keepResult('client', client, event.name, event);
        break;
      case 'image':
        this.#board.end(plannedOf(client, { ...event, name: event.label }));
        this.#keepResult('client', client, event.label, event);
        break;
      case 'error':
        this.#error ??= new Error(`${client}: ${String(event.message)}`);
        break;
    }
  }

  #handleProgress(client: string, event: ProcessEvent): void {
    const planned = plannedOf(client, event);
    const view = readProgress(event);
    this.#keepSending(planned, view.sending);
    this.#board.update(planned, { ...view, peer: client, sending: this.#sending.get(planned) });
  }

  /** Only the end that sends a file knows what holds it back, the server or the client. */
  #keepSending(planned: Planned, sending: SendingView | undefined): void {
    if (sending === undefined) return;
    this.#sending.set(planned, sending);
    this.#holdups.add(sending);
  }

  #keepResult(end: 'client' | 'server', client: string, name: unknown, event: ProcessEvent): void {
    this.#results.set(resultKey(end, client, String(name)), event);
  }

  #resultsOf({ client, name }: Planned): [atClient: ProcessEvent | undefined, atServer: ProcessEvent | undefined] {
    return [this.#results.get(resultKey('client', client, name)), this.#results.get(resultKey('server', client, name))];
  }
}

function plannedOf(client: string, event: ProcessEvent): Planned {
  return [...FILES, ...PICTURES].find((planned) => planned.client === client && planned.name === event.name)!;
}

function resultKey(end: 'client' | 'server', client: string, name: string): string {
  return JSON.stringify([end, client, name]);
}

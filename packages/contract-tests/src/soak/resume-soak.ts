import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type FileTransfer, TcpCommClient } from '@tcpcomm/client';
import { type ServerSession, TcpCommServer } from '@tcpcomm/server';
import type { Session } from '@tcpcomm/session';
import { Relay, type RelayDirection, type RelayFault } from '@tcpcomm/test-support';
import { NumberedArrays } from './numbered-arrays.ts';
import { NumberedMessages } from './numbered-messages.ts';
import { NumberedRequests } from './numbered-requests.ts';
import { SeededRandom } from './seeded-random.ts';
import { type Traffic, type TrafficKind, TRAFFIC_KINDS } from './traffic.ts';

export interface ResumeSoakOptions {
  readonly seed: number;
  /** How often the connection breaks. */
  readonly cuts: number;
  /** How many messages each end sends, on all channels together. */
  readonly messages: number;
  /** How many requests each end asks. */
  readonly requests: number;
  /** How many arrays each end sends. */
  readonly arrays: number;
  /** The size of the file that goes each way. */
  readonly fileBytes: number;
  /** An empty folder; what is in it afterwards is the caller's to remove. */
  readonly folder: string;
  readonly report: (line: string) => void;
}

export interface ResumeSoakResult {
  readonly cuts: number;
  /** Connections that took the session up again. */
  readonly resumptions: number;
  /** What came to an end of its own, both ways together. */
  readonly ended: Readonly<Record<TrafficKind, number>>;
  /** What was not as it must be; empty if all was. */
  readonly violations: readonly string[];
}

const FILL_BYTES = 1_048_576;
/** One in so many breaks is silence, which has to be noticed by its own means. */
const SILENCE_EACH = 40;
const KEEPALIVE = { keepAliveIntervalMs: 150, keepAliveTimeoutMs: 600 } as const;
const MIN_GAP_BYTES = 1_000;
const ARRAY_CHANNELS = { forth: 22, back: 23 } as const;

/** What goes in one direction, and how much of it has been sent. */
interface Stream {
  readonly direction: RelayDirection;
  readonly traffic: Traffic;
  sent: number;
}

/**
 * Two ends talk on twenty channels, ask each other, and send each other arrays and a file, while their connection breaks again and again at
 * random bytes. Nothing may be lost, come twice, out of order or changed, and in the end nothing may be left over.
 */
export async function runResumeSoak(options: ResumeSoakOptions): Promise<ResumeSoakResult> {
  return new ResumeSoak(options).run();
}

class ResumeSoak {
  readonly #options: ResumeSoakOptions;
  readonly #random: SeededRandom;
  readonly #violations: string[] = [];
  /** The one that goes forth, and the one that comes back. */
  readonly #transfers: FileTransfer[] = [];
  readonly #streams: Stream[] = [];
  #cuts = 0;
  #resumptions = 0;

  constructor(options: ResumeSoakOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<ResumeSoakResult> {
    const { folder, report, seed, cuts } = this.#options;
    const [here, there] = [join(folder, 'client'), join(folder, 'server')];
    for (const path of [here, there]) await mkdir(path);
    await this.#makeFile(join(here, 'up'));
    await this.#makeFile(join(there, 'down'));
    report(`seed ${seed}: ${cuts} breaks`);
    const server = new TcpCommServer({ bytesPerSecond: 0, ...KEEPALIVE, files: { root: there } });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    const relay = await Relay.start(port);
    const client = new TcpCommClient({ ...KEEPALIVE, reconnectDurationMs: Infinity });
    try {
      const accepted = once(server, 'session') as Promise<[ServerSession]>;
      await client.connect('127.0.0.1', relay.port);
      const [session] = await accepted;
      await this.#torture(client, session, relay, here);
      await this.#compare(join(here, 'up'), join(there, 'up'));
      await this.#compare(join(there, 'down'), join(here, 'down'));
      this.#checkNothingLeft(server, client, session);
      await this.#checkFolders(here, there);
    } finally {
      await Promise.all([client.close(), server.close()]);
      await relay[Symbol.asyncDispose]();
    }
    report(`${this.#cuts} breaks, ${this.#resumptions} resumptions, ${this.#violations.length} violations`);
    const ended = {
      messages: this.#ended('messages'),
      requests: this.#ended('requests'),
      arrays: this.#ended('arrays'),
    };
    return { cuts: this.#cuts, resumptions: this.#resumptions, ended, violations: this.#violations };
  }

  async #torture(client: TcpCommClient, session: ServerSession, relay: Relay, here: string): Promise<void> {
    const { fileBytes } = this.#options;
    client.on('connected', ({ resumed }) => {
      this.#resumptions += 1;
      if (!resumed) this.#violations.push(`connection ${this.#resumptions + 1} did not resume the session`);
    });
    this.#addStreams('forth', client, session);
    this.#addStreams('back', session, client);
    this.#transfers.push(client.sendFile(join(here, 'up')), client.getFile('down', { to: join(here, 'down') }));
    relay.follow(this.#script());
    const progress = setInterval(() => {
      this.#reportProgress();
    }, 5_000);
    try {
      const ended = client.closed.then(({ message }) => {
        throw new Error(`the session ended: ${message}`);
      });
      const all = [...this.#streams.map((stream) => this.#flow(stream)), ...this.#transfers.map(({ done }) => done)];
      await Promise.race([ended, Promise.all(all)]);
      // What came twice would come now.
      await setTimeout(200);
    } finally {
      clearInterval(progress);
    }
    for (const { direction, traffic } of this.#streams) {
      this.#violations.push(...traffic.violations.map((violation) => `${direction}: ${violation}`));
      traffic.end();
    }
    if (this.#cuts < this.#options.cuts) this.#violations.push(`the connection broke ${this.#cuts} times only`);
    for (const { name, progress: last } of this.#transfers) {
      if (last.totalBytes !== fileBytes) this.#violations.push(`${name} has ${String(last.totalBytes)} bytes`);
    }
  }

  #addStreams(direction: RelayDirection, from: Session, to: Session): void {
    const { messages, requests, arrays } = this.#options;
    for (const traffic of [
      new NumberedMessages(messages, from, to),
      new NumberedRequests(requests, from, to),
      new NumberedArrays(arrays, from, to, ARRAY_CHANNELS[direction]),
    ]) {
      this.#streams.push({ direction, traffic, sent: 0 });
    }
  }

  /** Sends all, evenly over the time that the breaks take, and waits for what comes of it. */
  async #flow(stream: Stream): Promise<void> {
    const { traffic } = stream;
    for (; stream.sent < traffic.total; stream.sent += 1) {
      await traffic.send(stream.sent);
      // The files bring the next break, if nothing else does.
      while (this.#areFilesMoving && this.#isAhead(stream)) await setTimeout(5);
    }
    await traffic.settled();
  }

  #isAhead({ sent, traffic }: Stream): boolean {
    return sent > (traffic.total * (this.#cuts + 1)) / this.#options.cuts;
  }

  #reportProgress(): void {
    const moved = this.#transfers.map(({ progress: { percent } }) => `${percent} %`).join(' and ');
    const ended = TRAFFIC_KINDS.map((kind) => `${this.#ended(kind)} ${kind}`).join(', ');
    this.#options.report(`${this.#cuts} breaks, ${ended}, files at ${moved}`);
  }

  #ended(kind: TrafficKind): number {
    const ofKind = this.#streams.filter(({ traffic }) => traffic.kind === kind);
    return ofKind.reduce((sum, { traffic }) => sum + traffic.ended, 0);
  }

  /** The breaks, at bytes that spread over what is still to come; in which direction they are is whichever has the most to say. */
  *#script(): Generator<RelayFault> {
    const { cuts } = this.#options;
    for (; this.#cuts < cuts; this.#cuts += 1) {
      // On average a little less than its share, or there would not be enough for the last breaks; and the last one within what there is.
      const gapBytes = Math.max(MIN_GAP_BYTES, this.#remainingBytes * Math.min(1.6 / (cuts - this.#cuts), 0.8));
      const isSilence = this.#random.nextUint32() % SILENCE_EACH === 0;
      yield {
        afterBytes: Math.ceil(this.#random.next() * gapBytes),
        kind: isSilence ? 'silence' : this.#random.next() < 0.5 ? 'cut' : 'reset',
      };
    }
  }

  get #areFilesMoving(): boolean {
    return this.#transfers.some(({ state }) => state === 'active' || state === 'waiting');
  }

  get #remainingBytes(): number {
    const ofFiles = this.#transfers.map(({ progress }) => this.#options.fileBytes - progress.transferredBytes);
    const ofStreams = this.#streams.map(({ traffic, sent }) => (traffic.total - sent) * traffic.averageBytes);
    return [...ofFiles, ...ofStreams].reduce((sum, bytes) => sum + bytes, 0);
  }

  async #makeFile(path: string): Promise<void> {
    const file = await open(path, 'w');
    const piece = Buffer.alloc(FILL_BYTES);
    for (let left = this.#options.fileBytes; left > 0; left -= piece.length) {
      for (let at = 0; at < piece.length; at += 4) piece.writeUInt32LE(this.#random.nextUint32(), at);
      await file.write(piece, 0, Math.min(left, piece.length));
    }
    await file.close();
  }

  async #compare(source: string, target: string): Promise<void> {
    const [one, other] = [await hashOf(source), await hashOf(target)];
    if (one !== other) this.#violations.push(`${target} is not as ${source}`);
  }

  #checkNothingLeft(server: TcpCommServer, client: TcpCommClient, session: ServerSession): void {
    if (server.sessions.size !== 1) this.#violations.push(`the server has ${server.sessions.size} sessions`);
    for (const end of [client, session]) {
      const { queuedBytes, transfers } = end.stats();
      if (queuedBytes !== 0) this.#violations.push(`${queuedBytes} bytes wait to be sent`);
      if (transfers.length > 0) this.#violations.push(`${transfers.length} transfers run`);
    }
  }

  async #checkFolders(...folders: string[]): Promise<void> {
    for (const folder of folders) {
      const names = (await readdir(folder)).sort();
      if (names.join() !== 'down,up') this.#violations.push(`${folder} has ${names.join(', ')}`);
    }
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

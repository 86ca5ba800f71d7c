import { FRAME_HEADER_BYTES, type Hello, type ReceiveLimits, type TcpCommError, type Welcome } from '@tcpcomm/protocol';
import { expect } from 'vitest';
import { ClientHandshake, ServerHandshake } from '../../src/engine/handshake.ts';
import { BLOCK_BYTES, createEngine, type EngineOptions, QUIET_SETTINGS, SMALL_LIMITS } from './engine-options.ts';
import { pingFrame } from './frames.ts';
import { TestApplication } from './test-application.ts';
import { joinPhases, type LinkDirection, type LinkOptions, type VirtualEnd } from './virtual-link.ts';
import { VirtualTime } from './virtual-time.ts';
import { WireAudit } from './wire-audit.ts';

/** What small messages go out in at once may be larger than a block by one of them. */
const MAX_PACKED_FRAME_BYTES = 2048 + FRAME_HEADER_BYTES;
const CHECK_PATH = 'are all transfers free';
export const ANY_ERROR: unknown = expect.any(Error);

/** One side of a pair: the program, the mover of its bytes, and the account of what it sends. */
export interface Side {
  readonly application: TestApplication;
  readonly end: VirtualEnd;
  readonly outgoing: LinkDirection;
  readonly audit: WireAudit;
}

export interface PairOptions {
  readonly link?: LinkOptions;
  readonly client?: EngineOptions;
  readonly server?: EngineOptions;
  /** The largest block of the test, where it changes; default: that of each side. */
  readonly maxTakeBytes?: number;
}

export interface Pair {
  readonly time: VirtualTime;
  readonly client: Side;
  readonly server: Side;
  readonly sides: readonly [Side, Side];
}

/** Two engines over a simulated link. */
export function createEnginePair(options: PairOptions = {}): Pair {
  const time = new VirtualTime();
  const [client, server] = [new TestApplication(), new TestApplication()];
  client.engine = createEngine('client', client, optionsOf(options.client, options.server));
  server.engine = createEngine('server', server, optionsOf(options.server, options.client));
  const { ends, directions } = joinPhases(time, client.engine, server.engine, options.link);
  return createPair(time, [client, server], ends, directions, options, false);
}

export interface HandshakePairOptions extends PairOptions {
  /** What the server says to a client; default: welcome, at once. */
  readonly decide?: (handshake: ServerHandshake, hello: Hello, time: VirtualTime) => void;
  readonly timeoutMs?: number;
}

export interface HandshakePair extends Pair {
  readonly failures: { client?: TcpCommError; server?: TcpCommError };
}

export function helloWith(limits: ReceiveLimits = SMALL_LIMITS): Hello {
  return { machineId: 'machine', agent: 'test', features: [], limits };
}

export function welcomeWith(limits: ReceiveLimits = SMALL_LIMITS): Welcome {
  const pace = { blockSizeBytes: BLOCK_BYTES, bytesPerSecond: null };
  return { sessionId: 1, agent: 'test', features: [], limits, ...pace };
}

function welcomeAtOnce(handshake: ServerHandshake): void {
  handshake.welcome(welcomeWith());
}

/** Two ends over a simulated link that begin with the handshake. */
export function createHandshakePair(options: HandshakePairOptions = {}): HandshakePair {
  const { timeoutMs = 10_000, decide = welcomeAtOnce } = options;
  const time = new VirtualTime();
  const [client, server] = [new TestApplication(), new TestApplication()];
  const failures: HandshakePair['failures'] = {};
  const clientHandshake = new ClientHandshake(
    helloWith(),
    {
      onWelcome: () => {
        client.engine = createEngine('client', client, optionsOf(options.client, options.server), time.nowMs);
        ends[0].switchTo(client.engine);
      },
      onFailed: (error) => {
        failures.client = error;
      },
    },
    timeoutMs,
    0,
  );
  const welcomed = (handshake: ServerHandshake, hello: Hello): void => {
    const welcome = handshake.welcome.bind(handshake);
    handshake.welcome = (message) => {
      welcome(message);
      server.engine = createEngine('server', server, optionsOf(options.server, options.client), time.nowMs);
      ends[1].switchTo(server.engine);
    };
    decide(handshake, hello, time);
  };
  const serverHandshake = new ServerHandshake(
    {
      onHello: (hello) => {
        welcomed(serverHandshake, hello);
      },
      onFailed: (error) => {
        failures.server = error;
      },
    },
    timeoutMs,
    0,
  );
  const { ends, directions } = joinPhases(time, clientHandshake, serverHandshake, options.link);
  return { ...createPair(time, [client, server], ends, directions, options, true), failures };
}

/**
 * The last line of a test whose sessions are open: nothing waits, nothing is in flight, every promise has settled, all ids of
 * transfers are free, and the memory of what was sent is in use again from its beginning.
 */
export async function expectNothingLeft(pair: Pair): Promise<void> {
  pair.time.runUntilQuiet();
  for (const { application, audit } of pair.sides) {
    expect(application.engine.conversation.queuedBytes).toBe(0);
    expect(audit.inFlightBytes).toBe(0);
    expect(application.engine.deadlineMs).toBe(Infinity);
    expect(application.closeReasons).toEqual([]);
    expect(await application.promises.pending()).toEqual([]);
    expect([...application.sources, ...application.targets].filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  }
  expectTransfersFree(pair);
  for (const { application } of pair.sides) expectMemoryFree(application, pair.time.nowMs);
}

/** The last line of a test whose sessions are over: each side was told once, nothing waits, every promise has settled. */
export async function expectAllOver(pair: Pair): Promise<void> {
  pair.time.runUntilQuiet();
  for (const { application, end } of pair.sides) {
    const { engine } = application;
    expect(application.closeReasons).toHaveLength(1);
    expect(end.isClosed).toBe(true);
    expect({ isFinished: engine.isFinished, isOpen: engine.isOpen }).toEqual({ isFinished: true, isOpen: false });
    expect(engine.closeReason).toBe(application.closeReasons[0]);
    expect(engine.conversation.queuedBytes).toBe(0);
    expect(engine.deadlineMs).toBe(Infinity);
    expect(await application.promises.pending()).toEqual([]);
    expect([...application.sources, ...application.targets].filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  }
}

function createPair(
  time: VirtualTime,
  applications: readonly [TestApplication, TestApplication],
  ends: readonly [VirtualEnd, VirtualEnd],
  directions: readonly [LinkDirection, LinkDirection],
  options: PairOptions,
  hasPreface: boolean,
): Pair {
  const side = (own: 0 | 1, given: EngineOptions | undefined, peer: EngineOptions | undefined): Side => {
    const auditOptions = {
      maxInFlightBytes: given?.settings?.maxInFlightBytes ?? QUIET_SETTINGS.maxInFlightBytes,
      maxTakeBytes:
        Math.max(options.maxTakeBytes ?? given?.blockSizeBytes ?? BLOCK_BYTES, MAX_PACKED_FRAME_BYTES) +
        FRAME_HEADER_BYTES,
      receiverLimits: { ...SMALL_LIMITS, ...peer?.localLimits },
      hasPreface,
    };
    const outgoing = directions[own];
    const audit = new WireAudit(auditOptions, outgoing, directions[1 - own] ?? outgoing);
    return { application: applications[own], end: ends[own], outgoing, audit };
  };
  const client = side(0, options.client, options.server);
  const server = side(1, options.server, options.client);
  return { time, client, server, sides: [client, server] };
}

/** What one side has announced is what the other sends by. */
function optionsOf(own: EngineOptions | undefined, peer: EngineOptions | undefined): EngineOptions {
  return { ...own, remoteLimits: { ...peer?.localLimits, ...own?.remoteLimits } };
}

/** Each side begins as many transfers as it may: all reach the other one. */
function expectTransfersFree(pair: Pair): void {
  const [client, server] = pair.sides.map(({ application }) => application) as [TestApplication, TestApplication];
  for (const [asking, asked] of [
    [client, server],
    [server, client],
  ] as const) {
    const before = asked.asked.length;
    const targets = Array.from({ length: QUIET_SETTINGS.maxTransfers }, () => asking.getFile(CHECK_PATH));
    pair.time.runUntilQuiet();
    expect(asked.asked.slice(before)).toEqual(targets.map(() => CHECK_PATH));
    expect(targets.map(({ outcome }) => outcome)).toEqual(targets.map(() => ANY_ERROR));
  }
}

function expectMemoryFree(application: TestApplication, nowMs: number): void {
  const { engine } = application;
  engine.receive(pingFrame(), nowMs);
  const chunks = engine.takeOutput(nowMs)?.finish() ?? [];
  expect(chunks.map(({ byteOffset }) => byteOffset)).toEqual([0]);
  engine.handleWritten(nowMs);
}

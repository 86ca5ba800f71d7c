import { encodeFrame, FrameType, MessageFlag, SessionClosedError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SocketReading } from '../../src/io/socket-reading.ts';
import type { ConnectionPhase } from '../../src/engine/connection-phase.ts';
import { createEngine } from '../engine/engine-options.ts';
import { controlFrame, fileDataFrame, joinBytes, messageFrame, pingFrame } from '../engine/frames.ts';
import { TestApplication } from '../engine/test-application.ts';

const LARGE = { maxFrameBytes: 1_048_576, maxMessageBytes: 10_000_000, channelWindowBytes: 100_000_000 };

/** A socket that reads by `onread` as Node does: it asks for room, reads to it what there is, and tells how much that was. */
class FakeSocket {
  readonly reading = new SocketReading();
  readonly roomSizes: number[] = [];
  #room: Uint8Array;

  constructor() {
    this.#room = this.#askForRoom();
  }

  /** So much has arrived; what there is no room for is read right after. */
  arrive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const read = bytes.subarray(at, at + this.#room.length);
      this.#room.set(read);
      this.reading.onread.callback(read.length, this.#room);
      this.#room = this.#askForRoom();
      at += read.length;
    }
  }

  #askForRoom(): Uint8Array {
    const { buffer } = this.reading.onread;
    const room = typeof buffer === 'function' ? buffer() : buffer;
    expect(room.length).toBeGreaterThan(0);
    this.roomSizes.push(room.length);
    return room;
  }
}

/** A client that keeps every message it is handed, as it is handed. */
class HoldingApplication extends TestApplication {
  readonly held: Uint8Array[] = [];

  override onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.held.push(bytes);
    super.onMessage(channel, bytes, creditBytes);
  }
}

function connect(socket: FakeSocket): HoldingApplication {
  const application = new HoldingApplication();
  application.engine = createEngine('client', application, { localLimits: LARGE });
  startReading(socket, application.engine);
  return application;
}

/** As the transport does. */
function startReading(socket: FakeSocket, phase: ConnectionPhase): void {
  socket.reading.start({
    receive: (bytes) => {
      phase.receive(bytes, 0);
      return phase.keepsReceived;
    },
    roomForNext: (maxBytes) => phase.roomForNext(maxBytes),
  });
}

/** A client that is lent every message, and consumes each after so many more have come, or at once. */
class BorrowingApplication extends TestApplication {
  readonly #delays: readonly number[];
  readonly #held: { readonly bytes: Uint8Array; readonly copy: Uint8Array; readonly creditBytes: number }[] = [];
  #taken = 0;

  constructor(delays: readonly number[]) {
    super();
    this.#delays = delays;
  }

  override onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.messages.push({ channel, bytes: bytes.slice() });
    this.#held.push({ bytes, copy: bytes.slice(), creditBytes });
    const delay = this.#delays[this.#taken % this.#delays.length] ?? 0;
    this.#taken += 1;
    if (this.#held.length > delay) while (this.#held.length > 0) this.#consume(channel);
  }

  #consume(channel: number): void {
    const { bytes, copy, creditBytes } = this.#held.shift()!;
    expect(Buffer.compare(bytes, copy)).toBe(0);
    this.engine.conversation.consume(channel, creditBytes, 0);
  }
}

/** A message in fragments of these sizes. */
function fragmentsOf(channel: number, payload: Uint8Array, fragmentBytes: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length || frames.length === 0; at += fragmentBytes) {
    const isLast = at + fragmentBytes >= payload.length;
    frames.push(messageFrame(channel, payload.subarray(at, at + fragmentBytes), isLast ? MessageFlag.FIN : 0));
  }
  return frames;
}

describe('a client that keeps every message', () => {
  it('finds each of them as it came, whatever else came, in whatever pieces', () => {
    const size = fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(400_000), fc.constantFrom(0, 32_767, 32_768, 65_536));
    const part = fc.oneof(
      fc.record({
        kind: fc.constant('message' as const),
        channel: fc.constantFrom(1, 2, 250),
        size,
        fragmentBytes: fc.constantFrom(4096, 16_384, 100_000, 1_048_576),
      }),
      fc.record({ kind: fc.constant('file' as const), size: fc.nat(100_000) }),
      fc.record({ kind: fc.constant('ping' as const) }),
    );
    const parts = fc.array(part, { maxLength: 25 });
    const arrivals = fc.array(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 300_000 })), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(parts, arrivals, fc.nat(1000), (given, arrivalBytes, seed) => {
        const socket = new FakeSocket();
        const application = connect(socket);
        const target = application.getFile('f');
        target.isStalled = true;
        const sizeBytes = 10_000_000;
        const frames: Uint8Array[] = [
          controlFrame(
            FrameType.FILE_OFFER,
            { path: 'f', sizeBytes, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' },
            target.transfer.id,
          ),
        ];
        const sent = new Map<number, Uint8Array[]>([1, 2, 250].map((channel) => [channel, []]));
        let fileBytes = 0;
        for (const [index, one] of given.entries()) {
          if (one.kind === 'ping') frames.push(pingFrame());
          else if (one.kind === 'message') {
            const payload = testBytes(one.size, seed + index);
            sent.get(one.channel)!.push(payload);
            frames.push(...fragmentsOf(one.channel, payload, one.fragmentBytes));
          } else if (fileBytes + one.size < 60_000 && one.size > 0) {
            fileBytes += one.size;
            frames.push(fileDataFrame(253, target.transfer.id, testBytes(one.size, seed + index)));
          }
        }
        const stream = joinBytes(...frames);
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const bytes = arrivalBytes[turn % arrivalBytes.length]!;
          socket.arrive(stream.subarray(at, at + bytes));
          at += bytes;
        }
        expect(application.closeReasons).toEqual([]);
        for (const [channel, messages] of sent) {
          const held = application.held.filter((_, index) => application.messages[index]!.channel === channel);
          expect(held.length).toBe(messages.length);
          const wrong = held.findIndex((bytes, index) => Buffer.compare(bytes, messages[index]!) !== 0);
          expect(wrong).toBe(-1);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('finds each of them as it came though the stream is cut at every byte', () => {
    const parts = [
      messageFrame(1, testBytes(5, 1)),
      pingFrame(),
      ...fragmentsOf(2, testBytes(40, 2), 15),
      messageFrame(3, testBytes(0)),
      messageFrame(1, testBytes(30, 3)),
    ];
    const stream = joinBytes(...parts);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const socket = new FakeSocket();
      const application = connect(socket);
      socket.arrive(stream.subarray(0, cut));
      socket.arrive(stream.subarray(cut));
      expect(application.held).toEqual([testBytes(5, 1), testBytes(40, 2), testBytes(0), testBytes(30, 3)]);
    }
    const socket = new FakeSocket();
    const application = connect(socket);
    for (const byte of stream) socket.arrive(Uint8Array.of(byte));
    expect(application.held).toEqual([testBytes(5, 1), testBytes(40, 2), testBytes(0), testBytes(30, 3)]);
  });
});

describe('a client that is lent every message', () => {
  it('finds each as it came until it has consumed it, whenever that is', () => {
    const size = fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(400_000));
    const message = fc.record({ size, fragmentBytes: fc.constantFrom(4096, 100_000, 1_048_576) });
    const arrivals = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 10 });
    const delays = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 25 }), arrivals, delays, (messages, arrivalBytes, waits) => {
        const socket = new FakeSocket();
        const application = new BorrowingApplication(waits);
        application.engine = createEngine('client', application, { localLimits: LARGE });
        application.engine.conversation.setLending(1, true);
        startReading(socket, application.engine);
        const sent = messages.map((one, index) => testBytes(one.size, index));
        const stream = joinBytes(
          ...sent.flatMap((bytes, index) => fragmentsOf(1, bytes, messages[index]!.fragmentBytes)),
        );
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const arriving = arrivalBytes[turn % arrivalBytes.length]!;
          socket.arrive(stream.subarray(at, at + arriving));
          at += arriving;
        }
        const wrong = sent.findIndex((bytes, index) => Buffer.compare(bytes, application.messages[index]!.bytes) !== 0);
        expect([application.messages.length, wrong]).toEqual([sent.length, -1]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a large message', () => {
  it('is read to where it belongs once it has begun to come, and copied no more', () => {
    const socket = new FakeSocket();
    const application = connect(socket);
    const payload = testBytes(900_000, 7);
    socket.arrive(messageFrame(1, payload));
    expect(Buffer.compare(application.held[0]!, payload)).toBe(0);
    // One read for the first bytes, and then as few as there can be with 64 KiB each.
    expect(Math.max(...socket.roomSizes)).toBe(65_536);
    expect(socket.roomSizes.length).toBeLessThanOrEqual(3 + Math.ceil(900_000 / 65_536));
    expect(application.held[0]!.buffer.byteLength).toBe(900_000);
  });

  it('leaves only little room for what comes behind it: more would have to be copied', () => {
    const socket = new FakeSocket();
    connect(socket);
    const frame = messageFrame(1, testBytes(200_000));
    socket.arrive(frame.subarray(0, 100));
    const before = socket.roomSizes.length;
    socket.arrive(frame.subarray(100));
    const last = socket.roomSizes.slice(before);
    expect(last.at(-1)).toBe(4_096);
    // Nor has the memory that is used again grown for what was read elsewhere.
    socket.arrive(messageFrame(1, testBytes(10)));
    socket.arrive(messageFrame(1, testBytes(10)));
    expect(socket.roomSizes.at(-1)).toBeLessThanOrEqual(4_096);
  });

  it('that is never completed takes no more memory than came, and the end of the session frees it', () => {
    const socket = new FakeSocket();
    const application = connect(socket);
    socket.arrive(messageFrame(1, testBytes(900_000)).subarray(0, 108));
    expect(Math.max(...socket.roomSizes)).toBeLessThanOrEqual(65_536);
    application.engine.abandon(new SessionClosedError('over'));
    expect(application.engine.roomForNext(Infinity)).toBeUndefined();
  });
});

it('a frame of another kind is read into the memory that is used again', () => {
  const socket = new FakeSocket();
  const application = connect(socket);
  socket.arrive(encodeFrame(0x80, 0, 0, 0, testBytes(60_000)));
  socket.arrive(messageFrame(1, testBytes(10)));
  expect(application.held).toEqual([testBytes(10)]);
});

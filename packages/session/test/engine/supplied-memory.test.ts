import { encodeFrame, FrameType, Lane, laneNumber, MessageFlag } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEnginePair, expectNothingLeft } from './engine-pair.ts';
import { messageFrame } from './frames.ts';
import { LoneEngine } from './lone-engine.ts';

const ARRAYS = laneNumber(7, Lane.ARRAYS);
const TOTAL_BYTES = 400_000;

/** What the pieces on a lane belong to: one stretch of memory, which they fill from the beginning to the end. */
class Destination {
  readonly memory = new Uint8Array(TOTAL_BYTES);
  filledBytes = 0;
  /** Of the pieces, how many have come where they belong without having to be copied there. */
  inPlace = 0;

  readonly supply = (byteLength: number): Uint8Array<ArrayBuffer> | undefined =>
    byteLength <= TOTAL_BYTES - this.filledBytes ? this.memory.subarray(this.filledBytes) : undefined;

  take(piece: Uint8Array): void {
    const isInPlace = piece.buffer === this.memory.buffer && piece.byteOffset === this.filledBytes;
    if (isInPlace) this.inPlace += 1;
    else this.memory.set(piece, this.filledBytes);
    this.filledBytes += piece.length;
  }
}

it('pieces are received to where they belong, and what comes between them is whole too, however all of it is cut', async () => {
  const piece = fc.integer({ min: 3_000, max: 90_000 });
  const other = fc.record({
    lane: fc.constantFrom(1, 2, laneNumber(7, Lane.REQUESTS), 7),
    // Those of some KB come whole within a read, and are handed over as they lie there.
    bytes: fc.oneof(fc.nat(100), fc.integer({ min: 2_049, max: 6_000 }), fc.integer({ min: 2_049, max: 6_000 })),
    isLent: fc.boolean(),
    /** Many at once: pieces have their guaranteed share then, a frame between those of the others. */
    atMs: fc.constantFrom(5, 20, 40),
  });
  const segments = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 9 });
  let inPlace = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 4, maxLength: 12 }),
      fc.array(other, { minLength: 20, maxLength: 80 }),
      segments,
      async (pieces, others, sizes) => {
        let segment = 0;
        const nextSegmentBytes = () => {
          segment += 1;
          return sizes[segment % sizes.length]!;
        };
        const pair = createEnginePair({ link: { bytesPerSecond: 5_000_000, nextSegmentBytes } });
        const { client, server } = pair;
        const destination = new Destination();
        const { conversation } = server.application.engine;
        conversation.setLending(ARRAYS, true);
        conversation.setMemorySupply(ARRAYS, destination.supply);
        /** Messages that are the application's for good, and what was in them when they came. */
        const owned: [message: Uint8Array, content: Uint8Array][] = [];
        const lentLanes = new Set(others.filter(({ isLent }) => isLent).map(({ lane }) => lane));
        for (const lane of lentLanes) conversation.setLending(lane, true);
        server.application.onReceived = (lane, bytes) => {
          if (lane === ARRAYS) destination.take(bytes);
          else if (!lentLanes.has(lane)) owned.push([bytes, bytes.slice()]);
        };
        const content = testBytes(TOTAL_BYTES, 3);
        let sentBytes = 0;
        for (const bytes of pieces) {
          const end = Math.min(TOTAL_BYTES, sentBytes + bytes);
          if (end > sentBytes) client.application.send(ARRAYS, content.subarray(sentBytes, end));
          sentBytes = end;
        }
        for (const [at, { lane, bytes, atMs }] of others.entries()) {
          pair.time.schedule(atMs, () => {
            client.application.send(lane, testBytes(bytes, at));
          });
        }
        client.application.sendFile('f', testBytes(50_000));
        await expectNothingLeft(pair);
        expect(destination.filledBytes).toBe(sentBytes);
        expect(Buffer.compare(destination.memory.subarray(0, sentBytes), content.subarray(0, sentBytes))).toBe(0);
        const came = server.application.messages.filter(({ channel }) => channel !== ARRAYS);
        for (const lane of new Set(others.map((message) => message.lane))) {
          const sent = others.map((message, at) => ({ ...message, at })).filter((message) => message.lane === lane);
          const expected = sent
            .toSorted((one, next) => one.atMs - next.atMs)
            .map(({ bytes, at }) => testBytes(bytes, at));
          expect(came.filter(({ channel }) => channel === lane).map(({ bytes }) => bytes)).toEqual(expected);
        }
        for (const [message, was] of owned) expect(message).toEqual(was);
        inPlace += destination.inPlace;
      },
    ),
    { numRuns: 25 },
  );
  expect(inPlace).toBeGreaterThan(10);
});

it('a message that comes whole in memory that is meant for others is handed over in memory of its own', () => {
  const lone = new LoneEngine('server');
  const destination = new Destination();
  const { conversation } = lone.engine;
  conversation.setLending(ARRAYS, true);
  conversation.setMemorySupply(ARRAYS, destination.supply);
  const received: Uint8Array[] = [];
  lone.application.onReceived = (lane, bytes) => {
    if (lane === ARRAYS) destination.take(bytes);
    else received.push(bytes);
  };
  const pieceFrame = encodeFrame(FrameType.MESSAGE, 7, MessageFlag.FIN, Lane.ARRAYS, testBytes(50_000, 1));
  const text = testBytes(3_000, 2);
  const bytes = Buffer.concat([pieceFrame, messageFrame(1, text), messageFrame(2, text)]);
  lone.receive(bytes.subarray(0, 1_000));
  for (let at = 1_000; at < bytes.length;) {
    const room = lone.engine.roomForNext(65_536) ?? new Uint8Array(2_000);
    const read = bytes.subarray(at, at + room.length);
    room.set(read);
    lone.engine.receive(room.subarray(0, read.length), 0);
    at += read.length;
  }
  // What follows fills the memory.
  destination.memory.fill(0x55, destination.filledBytes);
  expect(received).toEqual([text, text]);
  expect([destination.filledBytes, destination.inPlace]).toEqual([50_000, 1]);
  expect(Buffer.compare(destination.memory.subarray(0, 50_000), testBytes(50_000, 1))).toBe(0);
});

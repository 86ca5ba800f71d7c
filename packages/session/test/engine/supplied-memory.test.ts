import { Lane, laneNumber } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEnginePair, expectNothingLeft } from './engine-pair.ts';

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
    bytes: fc.oneof(fc.nat(100), fc.nat(20_000)),
    isLent: fc.boolean(),
  });
  const segments = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 9 });
  let inPlace = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 12 }),
      fc.array(other, { maxLength: 30 }),
      segments,
      async (pieces, others, sizes) => {
        let segment = 0;
        const nextSegmentBytes = () => {
          segment += 1;
          return sizes[segment % sizes.length]!;
        };
        const pair = createEnginePair({ link: { bytesPerSecond: 50_000_000, nextSegmentBytes } });
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
        for (const [at, bytes] of pieces.entries()) {
          const end = Math.min(TOTAL_BYTES, sentBytes + bytes);
          if (end > sentBytes) client.application.send(ARRAYS, content.subarray(sentBytes, end));
          sentBytes = end;
          const between = others[at];
          if (between) client.application.send(between.lane, testBytes(between.bytes, at));
        }
        client.application.sendFile('f', testBytes(50_000));
        await expectNothingLeft(pair);
        expect(destination.filledBytes).toBe(sentBytes);
        expect(Buffer.compare(destination.memory.subarray(0, sentBytes), content.subarray(0, sentBytes))).toBe(0);
        const came = server.application.messages.filter(({ channel }) => channel !== ARRAYS);
        const sent = others.slice(0, pieces.length);
        for (const lane of new Set(sent.map((message) => message.lane))) {
          const expected = sent.flatMap((message, at) => (message.lane === lane ? [testBytes(message.bytes, at)] : []));
          expect(came.filter(({ channel }) => channel === lane).map(({ bytes }) => bytes)).toEqual(expected);
        }
        for (const [message, was] of owned) expect(message).toEqual(was);
        inPlace += destination.inPlace;
      },
    ),
    { numRuns: 60 },
  );
  expect(inPlace).toBeGreaterThan(10);
});

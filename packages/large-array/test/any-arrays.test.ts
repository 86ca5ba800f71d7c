import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deliverSome, resetBoth } from './port-pair.ts';
import { type CollectingEnd, transferPair, type Watched, watch } from './transfer-pair.ts';

const VIEWS = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float16Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
];
type View = InstanceType<(typeof VIEWS)[number]>;

/** An array of any type: in the middle of its memory, which may be shared, and of a size around those where something changes. */
const arrays = fc.record({
  View: fc.constantFrom(...VIEWS),
  byteLength: fc.oneof(fc.nat(3000), fc.nat(70_000), fc.integer({ min: 262_000, max: 263_000 }), fc.nat(1_200_000)),
  offset: fc.nat(3),
  isShared: fc.boolean(),
  dimensions: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  label: fc.option(fc.string({ unit: 'grapheme', maxLength: 50 }), { nil: undefined }),
  isFromLeft: fc.boolean(),
});
type AnyArray = typeof arrays extends fc.Arbitrary<infer Value> ? Value : never;

function create({ View, byteLength, offset, isShared }: AnyArray, seed: number): View {
  const elements = Math.floor(byteLength / View.BYTES_PER_ELEMENT);
  const bytes = (offset + elements) * View.BYTES_PER_ELEMENT + 8;
  const memory = isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  new Uint8Array(memory).set(testBytes(bytes, seed));
  return new View(memory as ArrayBuffer, offset * View.BYTES_PER_ELEMENT, elements);
}

function shapeOf(elements: number, dimensions: number | undefined): number[] | undefined {
  if (dimensions === undefined) return undefined;
  const rows = [2, 3, 5, 1].slice(0, dimensions - 1).filter((size) => elements % (size * 30) === 0);
  return [...rows, elements / rows.reduce((product, size) => product * size, 1)];
}

/** Bytes, as NaN is not equal to NaN everywhere. */
function bytesOf({ buffer, byteOffset, byteLength }: View): Buffer {
  return Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));
}

it('arrays of any type, shape and size arrive in both directions, however their messages come in between', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrays, { minLength: 1, maxLength: 8 }),
      fc.array(fc.boolean(), { maxLength: 80 }),
      fc.constantFrom(0, 1000, 300_000, Infinity),
      fc.constantFrom(undefined, 1000, 100_001),
      async (descriptions, schedule, roomBytes, maxMessageBytes) => {
        const { left, right, deliverAll } = await transferPair({
          left: { maxArrays: 2 },
          right: { maxBufferedBytes: 2 ** 31 },
        });
        for (const { port } of [left, right]) Object.assign(port, { roomBytes, maxMessageBytes });
        const sends = descriptions.map((description, index) => {
          const array = create(description, index + 1);
          const expected = bytesOf(array);
          const { isFromLeft, dimensions, label } = description;
          const shape = shapeOf(array.length, dimensions);
          const sent = (isFromLeft ? left : right).transfer.send(array, { shape, label });
          // When it is taken the memory is the program's again.
          const reused = sent.then(() => new Uint8Array(array.buffer).fill(0x5a));
          return { ...description, expected, shape, elements: array.length, watched: watch(reused) };
        });
        left.collect();
        right.collect();
        for (const isLeft of schedule) {
          (isLeft ? left : right).port.deliver();
          await Promise.resolve();
        }
        await deliverAll();
        for (const { watched } of sends) expect(watched.outcome).toBe('resolved');
        for (const end of [left, right]) {
          expect(end.failures).toEqual([]);
          expect(end.transfer.incoming).toEqual([]);
          const towards = sends.filter(({ isFromLeft }) => isFromLeft === (end === right));
          expect(end.taken.length).toBe(towards.length);
          for (const array of end.taken as View[]) {
            const { id, ...description } = end.transfer.descriptionOf(array)!;
            // Numbers are given in the order of sending.
            const { View, expected, shape, label, elements, isShared } = towards[id - 1]!;
            expect(description).toEqual({ type: View.name, shape, label, byteLength: expected.length });
            expect(array).toBeInstanceOf(View);
            expect(array.length).toBe(elements);
            expect(array.buffer instanceof SharedArrayBuffer).toBe(isShared);
            expect(bytesOf(array).equals(expected)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('arrays may be sent and aborted at any time: none loses its turn by another', async () => {
  const actions = fc.record({
    sends: fc.constantFrom(undefined, 0, 1, 3000, 300_000, 2_000_000),
    aborts: fc.option(fc.nat(30), { freq: 4, nil: undefined }),
    delivers: fc.nat(4),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(actions, { minLength: 20, maxLength: 60 }),
      fc.constantFrom(2, 1000),
      async (schedule, maxArrays) => {
        const { left, right, deliverAll } = await transferPair({ right: { maxArrays } });
        right.collect();
        const sends: { readonly watched: Watched; readonly abort: AbortController }[] = [];
        for (const { sends: byteLength, aborts, delivers } of schedule) {
          if (aborts !== undefined) sends[aborts]?.abort.abort();
          if (byteLength !== undefined) {
            const abort = new AbortController();
            const { signal } = abort;
            sends.push({ watched: watch(left.transfer.send(new Uint8Array(byteLength), { signal })), abort });
          }
          await deliverSome(left.port, delivers);
          right.port.deliver();
        }
        await deliverAll();
        for (const { watched, abort } of sends) {
          expect(watched.outcome).toBe(abort.signal.aborted && watched.reason ? 'rejected' : 'resolved');
        }
        expect([right.transfer.incoming, left.failures]).toEqual([[], []]);
      },
    ),
    { numRuns: 60 },
  );
});

it('whatever is lost, every array is taken or has failed, and the next ones arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(700_000), { minLength: 1, maxLength: 5 }),
      fc.array(fc.constantFrom('left', 'right', 'left', 'right', 'left', 'reset'), { maxLength: 60 }),
      async (lengths, schedule) => {
        const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 3 } });
        const sends = lengths.map((length) => watch(left.transfer.send(new Uint8Array(length))));
        const reason = new Error('reset');
        for (const action of schedule) {
          if (action === 'reset') resetBoth(left.port, right.port, reason);
          else ({ left, right })[action].port.deliver();
          await Promise.resolve();
        }
        await deliverAll();
        right.collect();
        await deliverAll();
        expect(sends.map(({ outcome }) => outcome)).not.toContain('pending');
        expect(right.transfer.incoming).toEqual([]);
        for (const { error } of right.failures) expect(error).toBe(reason);
        const ended = [...idsOf(right), ...right.failures.map(({ description }) => description!.id)];
        expect(new Set(ended).size).toBe(ended.length);
        right.taken.length = 0;
        const more = [1, 2, 3].map(() => watch(left.transfer.send(new Uint8Array(300_000))));
        await deliverAll();
        expect(more.map(({ outcome }) => outcome)).toEqual(['resolved', 'resolved', 'resolved']);
        expect(left.failures).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});

function idsOf(end: CollectingEnd): number[] {
  return end.taken.map((array) => end.transfer.descriptionOf(array)!.id);
}

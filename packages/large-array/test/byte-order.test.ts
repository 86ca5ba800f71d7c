import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LargeArray } from '../src/index.ts';
import { deliverAll, TestPort } from './port-pair.ts';
import { rawAnnouncement, rawHeader } from './raw-messages.ts';
import { CollectingEnd } from './transfer-pair.ts';

/** The bytes of the elements as a machine has them that puts the high byte first. */
const FOREIGN: [string, number, string, LargeArray][] = [
  ['Int16Array', 4, 'fffe 0001 7fff', Int16Array.of(-2, 1, 32_767)],
  ['Uint16Array', 5, 'fffe 0001 8000', Uint16Array.of(65_534, 1, 32_768)],
  ['Int32Array', 6, 'fffffffe 00000001 80000000', Int32Array.of(-2, 1, -2_147_483_648)],
  ['Uint32Array', 7, 'fffffffe 01020304 80000000', Uint32Array.of(4_294_967_294, 16_909_060, 2_147_483_648)],
  ['Float16Array', 8, '3c00 c000', Float16Array.of(1, -2)],
  ['Float32Array', 9, '3f800000 c0200000 7f800000', Float32Array.of(1, -2.5, Infinity)],
  ['Float64Array', 10, '3ff0000000000000 c00921fb54442d18', Float64Array.of(1, -Math.PI)],
  ['BigInt64Array', 11, 'fffffffffffffffe 0102030405060708', BigInt64Array.of(-2n, 0x0102030405060708n)],
  ['BigUint64Array', 12, 'fffffffffffffffe 0102030405060708', BigUint64Array.of(2n ** 64n - 2n, 0x0102030405060708n)],
  ['Uint8Array', 2, '01 02 03', Uint8Array.of(1, 2, 3)],
  ['Uint8ClampedArray', 3, '01 02 03', Uint8ClampedArray.of(1, 2, 3)],
  ['Int8Array', 1, 'ff 02 03', Int8Array.of(-1, 2, 3)],
  ['DataView', 13, '01 02 03 04', new DataView(Uint8Array.of(1, 2, 3, 4).buffer)],
  ['ArrayBuffer', 14, '01 02 03 04', Uint8Array.of(1, 2, 3, 4).buffer],
];

/** Sends the elements as a machine of the other order would, in pieces of these sizes; in one message for none. */
async function receive(type: number, elements: Uint8Array, pieces: readonly number[], flags = 0): Promise<LargeArray> {
  const [port, peer] = TestPort.pair();
  const end = new CollectingEnd(port);
  end.collect();
  const parts = { type, flags, byteLength: elements.length };
  if (pieces.length === 0) port.take(rawAnnouncement(1, { ...parts, elements }));
  else port.take(rawAnnouncement(1, parts));
  let at = 0;
  for (const piece of [...pieces, elements.length]) {
    if (pieces.length === 0 || at >= elements.length) break;
    port.take(rawHeader(2, 1));
    port.take(elements.subarray(at, Math.min(at + piece, elements.length)));
    at += piece;
  }
  await deliverAll(port, peer);
  expect(end.failures).toEqual([]);
  expect(end.taken.length).toBe(1);
  return end.taken[0]!;
}

describe('elements in the other order have the values that they had', () => {
  it.each(FOREIGN)('%s', async (_name, type, hex, expected) => {
    const elements = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(await receive(type, elements, [])).toEqual(expected);
    for (let cut = 1; cut < elements.length; cut += 1) {
      expect(await receive(type, elements, [cut])).toEqual(expected);
    }
  });

  it.each(FOREIGN)('%s, in shared memory', async (_name, type, hex, expected) => {
    const arrived = await receive(type, Buffer.from(hex.replaceAll(' ', ''), 'hex'), [], 2);
    const view = arrived as Uint8Array;
    if (ArrayBuffer.isView(expected)) expect(view.buffer).toBeInstanceOf(SharedArrayBuffer);
    if (Symbol.iterator in expected) expect([...view]).toEqual([...(expected as Uint8Array)]);
  });

  it('however it is cut, in memory that grows', async () => {
    const values = new Float64Array(200_000);
    for (let index = 0; index < values.length; index += 1) values[index] = Math.sqrt(index);
    const elements = Buffer.from(values.buffer.slice(0)).swap64();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 12 }),
        async (pieces) => {
          expect(
            Buffer.from(((await receive(10, elements, pieces)) as Float64Array).buffer).equals(
              Buffer.from(values.buffer),
            ),
          ).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  });
});

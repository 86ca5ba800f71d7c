import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testBytes } from '@tcpcomm/test-support';
import { MessageBatcher, messagesOf } from '../../src/threads/message-batch.ts';

/** As a port does it. */
function cross(batcher: MessageBatcher): ReturnType<typeof messagesOf> {
  const { batch, transferred } = batcher.take();
  return messagesOf(structuredClone(batch, { transfer: transferred }));
}

describe('a batch of messages', () => {
  it('brings them across in their order, however large they are', () => {
    const size = fc.oneof(fc.nat(100), fc.nat(16_384), fc.constantFrom(16_383, 16_384, 16_385, 100_000));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 250 }), size, fc.nat(5), fc.boolean(), fc.nat(8)), {
          maxLength: 40,
        }),
        fc.nat(40),
        (messages, cut) => {
          const batcher = new MessageBatcher();
          const put = messages.map(([channel, length, callId, isGiven, headBytes], index) => {
            const bytes = testBytes(headBytes + length, index);
            const head = headBytes > 0 ? bytes.slice(0, headBytes) : undefined;
            batcher.add(channel, bytes.slice(headBytes), callId, isGiven, head);
            return { channel, bytes, callId };
          });
          expect(batcher.isEmpty).toBe(messages.length === 0);
          expect(batcher.byteLength).toBe(put.reduce((sum, { bytes }) => sum + bytes.length, 0));
          const come = Array.from(cross(batcher), (message) => ({ ...message, bytes: Uint8Array.from(message.bytes) }));
          expect(come).toEqual(put.map((message) => ({ ...message, bytes: Uint8Array.from(message.bytes) })));
          // It begins anew.
          expect(batcher.isEmpty).toBe(true);
          for (const { channel, bytes, callId } of put.slice(0, cut)) batcher.add(channel, bytes, callId, false);
          expect(Array.from(cross(batcher))).toHaveLength(Math.min(cut, put.length));
        },
      ),
      { numRuns: 60 },
    );
  });

  // A Buffer's slice() is a view of the same memory, that of other arrays is a copy.
  it.each([
    ['an array', new Uint8Array(testBytes(100_000))],
    ['a Buffer', Buffer.from(testBytes(100_000))],
  ])('leaves the memory of %s alone that was not given', (_what, bytes) => {
    const batcher = new MessageBatcher();
    for (let count = 0; count < 2; count += 1) {
      batcher.add(1, bytes, 0, false);
      expect(Buffer.compare(Array.from(cross(batcher))[0]!.bytes, testBytes(100_000))).toBe(0);
    }
    expect(Buffer.compare(bytes, testBytes(100_000))).toBe(0);
  });

  it.each([10, 100_000])('copies %d bytes that have a head, and the head', (length) => {
    const batcher = new MessageBatcher();
    const [head, bytes] = [testBytes(8, 1), testBytes(length, 2)];
    batcher.add(1, bytes, 0, true, head);
    for (const memory of [head, bytes]) memory.fill(0);
    const [come] = Array.from(cross(batcher));
    expect(Buffer.compare(come!.bytes, Buffer.concat([testBytes(8, 1), testBytes(length, 2)]))).toBe(0);
  });

  it('takes the memory of a large one along that was given, and is all of it', () => {
    const batcher = new MessageBatcher();
    const whole = new Uint8Array(100_000).fill(7);
    const part = new Uint8Array(100_000).subarray(10);
    batcher.add(1, whole, 0, true);
    batcher.add(1, part, 0, true);
    const [first] = Array.from(cross(batcher));
    expect(first?.bytes).toEqual(new Uint8Array(100_000).fill(7));
    expect(whole).toHaveLength(0);
    expect(part).toHaveLength(99_990);
  });

  it('does not copy shared memory', () => {
    const batcher = new MessageBatcher();
    const shared = new Uint8Array(new SharedArrayBuffer(100_000));
    batcher.add(1, shared, 0, false);
    const [come] = Array.from(cross(batcher));
    shared[5] = 9;
    expect(come?.bytes[5]).toBe(9);
  });
});

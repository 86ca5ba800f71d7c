import { expect, it } from 'vitest';
import { ReceivedMemory } from '../../../src/engine/receiving/received-memory.ts';

/** Receives that many bytes with messages of these sizes among them; returns which are views. */
function receive(memory: ReceivedMemory, receivedBytes: number, ...sizes: number[]): boolean[] {
  const received = new Uint8Array(receivedBytes);
  memory.begin();
  const isView = sizes.map((size) => memory.handOver(received.subarray(0, size)).buffer === received.buffer);
  memory.end(receivedBytes);
  return isView;
}

it('small messages are views where they are what is received', () => {
  const memory = new ReceivedMemory();
  const many = Array.from({ length: 900 }, () => 64);
  expect([receive(memory, 65_536, ...many), receive(memory, 65_536, ...many)].flat()).not.toContain(false);
  expect(memory.isKept).toBe(true);
  expect(receive(memory, 72, 64)).toEqual([true]);
});

it('few small ones among the bytes of a file are copied, from the second time on, and keep none of them', () => {
  const memory = new ReceivedMemory();
  expect(receive(memory, 65_536, 16)).toEqual([true]);
  expect(memory.isKept).toBe(true);
  expect(receive(memory, 65_536, 16, 2_048)).toEqual([false, false]);
  expect(memory.isKept).toBe(false);
});

it('larger ones are views all the same', () => {
  const memory = new ReceivedMemory();
  receive(memory, 65_536, 16);
  expect(receive(memory, 65_536, 2_049)).toEqual([true]);
});

it('copies are of the bytes, and of memory of their own', () => {
  const memory = new ReceivedMemory();
  receive(memory, 65_536, 16);
  memory.begin();
  const received = Uint8Array.of(1, 2, 3);
  const message = memory.handOver(received.subarray(1));
  received.fill(9);
  expect([...message]).toEqual([2, 3]);
});

import { describe, expect, it } from 'vitest';
import { MessageMemory } from '../../../src/engine/receiving/message-memory.ts';

const MAX_SPARE_BYTES = 1000;

/** Counts what is allocated. */
class MeasuredMemory {
  readonly allocations: number[] = [];
  readonly memory = new MessageMemory((byteLength) => {
    this.allocations.push(byteLength);
    return new Uint8Array(byteLength);
  }, MAX_SPARE_BYTES);
  #received = 0;
  #consumed = 0;

  constructor(lends: boolean) {
    this.memory.lends = lends;
  }

  /** A message of that size is put together and handed over. */
  receive(bytes: number): Uint8Array<ArrayBuffer> {
    const message = this.memory.take(bytes).subarray(0, bytes);
    this.#received += 1;
    this.memory.handOver(message, this.#received);
    return message;
  }

  /** A message is handed over that lies in what was received. */
  receiveView(): void {
    this.#received += 1;
  }

  consume(): void {
    this.#consumed += 1;
    this.memory.handleConsumed(this.#consumed);
  }
}

describe('memory that is lent', () => {
  it('serves for one message after another, as long as it is large enough', () => {
    const measured = new MeasuredMemory(true);
    for (const bytes of [500, 500, 1, 499, 501, 501]) {
      measured.receive(bytes);
      measured.consume();
    }
    expect(measured.allocations).toEqual([500, 501]);
  });

  it('is not used again before its message is consumed', () => {
    const measured = new MeasuredMemory(true);
    const first = measured.receive(100);
    const second = measured.receive(100);
    expect(second.buffer).not.toBe(first.buffer);
    measured.consume();
    expect(measured.receive(100).buffer).toBe(first.buffer);
    expect(measured.receive(100).buffer).not.toBe(second.buffer);
    expect(measured.allocations).toHaveLength(3);
  });

  it('is told apart from views and from what was given away, in the order of consumption', () => {
    const measured = new MeasuredMemory(false);
    const owned = [measured.receive(100), measured.receive(100)];
    measured.memory.lends = true;
    measured.receiveView();
    const lent = measured.receive(100);
    for (let message = 0; message < 3; message += 1) measured.consume();
    const fifth = measured.receive(100);
    measured.consume();
    const sixth = measured.receive(100);
    expect(fifth.buffer).not.toBe(lent.buffer);
    expect(sixth.buffer).toBe(lent.buffer);
    for (const { buffer } of owned) expect([fifth.buffer, sixth.buffer]).not.toContain(buffer);
  });

  it('is the application’s where lending has ended before it was handed over, and forgotten where it ended after that', () => {
    const measured = new MeasuredMemory(true);
    measured.receive(100);
    measured.memory.lends = false;
    measured.consume();
    measured.receive(100);
    measured.consume();
    measured.memory.lends = true;
    measured.receive(100);
    expect(measured.allocations).toHaveLength(3);
  });

  /** Receives messages of these sizes, consumes them all, and tells which of the next ones get the memory of which. */
  const reuse = (sizes: readonly number[], next: readonly number[]) => {
    const measured = new MeasuredMemory(true);
    const given = sizes.map((bytes) => measured.receive(bytes).buffer);
    for (const _ of sizes) measured.consume();
    return next.map((bytes) => given.indexOf(measured.receive(bytes).buffer));
  };

  it('is kept up to the bound, in all, the newest of it', () => {
    expect(reuse([MAX_SPARE_BYTES + 1], [1])).toEqual([-1]);
    expect(reuse([400, 400, 400], [400, 400, 400])).toEqual([2, 1, -1]);
    expect(reuse([10, MAX_SPARE_BYTES], [10, 10])).toEqual([1, -1]);
  });

  it('is kept in eight pieces at most', () => {
    expect(reuse([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual([9, 8, 7, 6, 5, 4, 3, 2, -1]);
  });

  it('is not kept when there has been nothing to do for a while', () => {
    const measured = new MeasuredMemory(true);
    const { buffer } = measured.receive(100);
    measured.consume();
    measured.memory.trim();
    expect(measured.receive(10).buffer).not.toBe(buffer);
  });
});

it('memory that is not lent is new for each message', () => {
  const measured = new MeasuredMemory(false);
  for (let message = 0; message < 3; message += 1) {
    measured.receive(50);
    measured.consume();
  }
  expect(measured.allocations).toEqual([50, 50, 50]);
});

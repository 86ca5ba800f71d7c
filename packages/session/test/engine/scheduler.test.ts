import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputBatch } from '../../src/engine/output-batch.ts';
import { type FrameSource, Priority, Scheduler } from '../../src/engine/scheduler.ts';

const MAX_PAYLOAD_BYTES = 1000;
const QUANTUM_BYTES = MAX_PAYLOAD_BYTES + 8;
const batch = new OutputBatch();

/** Sends frames of one size, as many as it has. */
class Source implements FrameSource {
  readonly priority: Priority;
  readonly name: string;
  readonly #nextFrameBytes: () => number;
  frames: number;
  sentBytes = 0;
  looks = 0;

  constructor(
    name: string,
    frameBytes: number | (() => number),
    frames = Infinity,
    priority: Priority = Priority.MESSAGES,
  ) {
    this.name = name;
    this.#nextFrameBytes = typeof frameBytes === 'number' ? () => frameBytes : frameBytes;
    this.frames = frames;
    this.priority = priority;
  }

  get isReady(): boolean {
    this.looks += 1;
    return this.frames > 0;
  }

  takeFrame(): number {
    this.frames -= 1;
    const bytes = this.#nextFrameBytes();
    this.sentBytes += bytes;
    return bytes;
  }
}

function schedulerOf(...sources: Source[]): Scheduler {
  const scheduler = new Scheduler();
  for (const source of sources) scheduler.activate(source);
  return scheduler;
}

/** Takes that many bytes, or until nothing is left. */
function take(scheduler: Scheduler, bytes: number): number {
  let taken = 0;
  while (taken < bytes) {
    const frameBytes = scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch);
    if (frameBytes === 0) break;
    taken += frameBytes;
  }
  return taken;
}

describe('priority', () => {
  it('is strict: files go when no message is ready, and stop when one is', () => {
    const file = new Source('file', 1000, 10, Priority.FILES);
    const message = new Source('message', 1000, 3);
    const scheduler = schedulerOf(file, message);
    take(scheduler, 5000);
    expect([message.sentBytes, file.sentBytes]).toEqual([3000, 2000]);
    message.frames = 2;
    scheduler.activate(message);
    take(scheduler, 2000);
    expect([message.sentBytes, file.sentBytes]).toEqual([5000, 2000]);
    take(scheduler, Infinity);
    expect(file.sentBytes).toBe(10_000);
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch)).toBe(0);
  });
});

describe('sources of one priority', () => {
  it('take turns', () => {
    const sources = ['a', 'b', 'c'].map((name) => new Source(name, QUANTUM_BYTES));
    const scheduler = schedulerOf(...sources);
    const order: string[] = [];
    for (let count = 0; count < 9; count += 1) {
      const before = sources.map(({ sentBytes }) => sentBytes);
      scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch);
      order.push(sources.find(({ sentBytes }, index) => sentBytes > before[index]!)!.name);
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('share by bytes: small frames do not lose to large ones', () => {
    const [small, large] = [new Source('small', 50), new Source('large', QUANTUM_BYTES)];
    take(schedulerOf(small, large), 1_000_000);
    expect(Math.abs(small.sentBytes - large.sentBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
  });

  it('activated again while in line keep their one place', () => {
    const [first, second] = [new Source('first', 1000), new Source('second', 1000)];
    const scheduler = schedulerOf(first, second, first, first);
    for (let count = 0; count < 500; count += 1) {
      scheduler.activate(first);
      take(scheduler, 1000);
    }
    expect(Math.abs(first.sentBytes - second.sentBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
  });

  it('that have been alone for long owe nothing to one that joins', () => {
    const [old, late] = [new Source('old', QUANTUM_BYTES), new Source('late', QUANTUM_BYTES)];
    const scheduler = schedulerOf(old);
    take(scheduler, 1_000_000);
    const before = old.sentBytes;
    scheduler.activate(late);
    take(scheduler, 100_000);
    expect(Math.abs(old.sentBytes - before - late.sentBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
  });

  it('differ by two frames at most while they have something to send, whatever the sizes of their frames', () => {
    const frameSizes = fc.array(fc.integer({ min: 8, max: QUANTUM_BYTES }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(frameSizes, { minLength: 2, maxLength: 8 }), (sizesOfSources) => {
        const sources = sizesOfSources.map((sizes, index) => {
          let turn = 0;
          return new Source(String(index), () => sizes[(turn += 1) % sizes.length]!);
        });
        const scheduler = schedulerOf(...sources);
        for (let checks = 0; checks < 50; checks += 1) {
          take(scheduler, 5000);
          const sent = sources.map(({ sentBytes }) => sentBytes);
          expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('share fairly between any two times at which both wait, whoever else comes and goes', () => {
    const visits = fc.array(fc.record({ who: fc.nat(3), frames: fc.integer({ min: 1, max: 20 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(visits, (steps) => {
        const constant = [new Source('a', 300), new Source('b', QUANTUM_BYTES)] as const;
        const guests = Array.from({ length: 4 }, (_, index) => new Source(`guest ${index}`, 100 + 250 * index, 0));
        const scheduler = schedulerOf(...constant);
        for (const { who, frames } of steps) {
          const guest = guests[who]!;
          guest.frames += frames;
          scheduler.activate(guest);
          take(scheduler, 4000);
          const [a, b] = constant;
          expect(Math.abs(a.sentBytes - b.sentBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
        }
        take(scheduler, 200_000);
        expect(guests.map(({ frames }) => frames)).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 100 },
    );
  });

  it('all get their turn: nobody waits longer than a round', () => {
    const sources = Array.from({ length: 250 }, (_, index) => new Source(String(index), 1 + (index % 1000)));
    take(schedulerOf(...sources), 2 * 250 * QUANTUM_BYTES);
    expect(sources.filter(({ sentBytes }) => sentBytes === 0)).toEqual([]);
  });
});

describe('cost', () => {
  it('of a decision does not grow with the number of sources that wait', () => {
    const looksPerFrame = (count: number) => {
      const sources = Array.from({ length: count }, (_, index) => new Source(String(index), 200 + (index % 800)));
      const scheduler = schedulerOf(...sources);
      for (let frames = 0; frames < 10_000; frames += 1) scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch);
      return sources.reduce((sum, { looks }) => sum + looks, 0) / 10_000;
    };
    expect(looksPerFrame(10)).toBeLessThan(3);
    expect(looksPerFrame(1000)).toBeLessThan(3);
  });

  it('of a source that is not ready is one look', () => {
    const sources = Array.from({ length: 1000 }, (_, index) => new Source(String(index), 1000, 0));
    const scheduler = schedulerOf(...sources);
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch)).toBe(0);
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch)).toBe(0);
    expect(sources.map(({ looks }) => looks)).toEqual(sources.map(() => 1));
  });
});

it('frames that become smaller do not make a source with a debt wait for ever', () => {
  const [debtor, other] = [new Source('debtor', 262_152, 1), new Source('other', 32)];
  const scheduler = schedulerOf(debtor, other);
  scheduler.takeFrame(262_144, batch);
  debtor.frames = 1;
  scheduler.activate(debtor);
  let taken = 0;
  while (debtor.frames > 0) {
    taken += scheduler.takeFrame(24, batch);
    expect(taken).toBeLessThan(1_000_000);
  }
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { type FrameSource, Scheduler } from '../../../src/engine/sending/scheduler.ts';
import { PRIORITIES, SendPolicy, type SendPolicyOptions } from '../../../src/engine/sending/send-policy.ts';

const MAX_PAYLOAD_BYTES = 1000;
const QUANTUM_BYTES = MAX_PAYLOAD_BYTES + 8;
const batch = new OutputBatch();

/** Sends frames of one size, or of sizes in turn, as many as it has. */
class Source implements FrameSource {
  /** Whoever sent last. */
  static last: Source | undefined;

  readonly name: string;
  readonly policy: SendPolicy;
  readonly #sizes: readonly number[];
  /** What it was last allowed for a frame. */
  maxPayloadBytes = 0;
  frames: number;
  sentFrames = 0;
  sentBytes = 0;
  looks = 0;

  constructor(name: string, sizes: number | readonly number[], frames = Infinity, options: SendPolicyOptions = {}) {
    this.name = name;
    this.#sizes = typeof sizes === 'number' ? [sizes] : sizes;
    this.frames = frames;
    this.policy = new SendPolicy(options.priority ?? 'normal');
    this.policy.change(options, 0);
  }

  get isReady(): boolean {
    this.looks += 1;
    return this.frames > 0;
  }

  takeFrame(maxPayloadBytes: number): number {
    this.maxPayloadBytes = maxPayloadBytes;
    if (this.frames === 0) throw new Error(`${this.name} has no frame`);
    const bytes = this.#sizes[this.sentFrames % this.#sizes.length]!;
    this.frames -= 1;
    this.sentFrames += 1;
    this.sentBytes += bytes;
    Source.last = this;
    return bytes;
  }

  handleAcknowledged(): void {
    // Nothing here waits for it.
  }
}

function schedulerOf(...sources: readonly Source[]): Scheduler {
  const scheduler = new Scheduler();
  for (const source of sources) scheduler.activate(source);
  return scheduler;
}

/** Takes that many bytes, or until nothing may be sent now. */
function take(scheduler: Scheduler, bytes: number, nowMs = 0): number {
  let taken = 0;
  while (taken < bytes) {
    const frameBytes = scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, nowMs);
    if (frameBytes === 0) break;
    taken += frameBytes;
  }
  return taken;
}

/** Takes one frame and says whose it was. */
function takeOne(scheduler: Scheduler, nowMs = 0): Source | undefined {
  const bytes = scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, nowMs);
  return bytes > 0 ? Source.last : undefined;
}

const sentBytesOf = (sources: readonly Source[]) => sources.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
const frameSizes = fc.array(fc.integer({ min: 8, max: QUANTUM_BYTES }), { minLength: 1, maxLength: 5 });
const weights = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 10 }), fc.double({ min: 1, max: 100, noNaN: true }));

describe('priority', () => {
  it('what is more urgent goes first, and the rest when that has nothing', () => {
    const [background, low, normal, urgent] = [...PRIORITIES]
      .reverse()
      .map((priority) => new Source(priority, 500, 2, { priority })) as [Source, Source, Source, Source];
    const sources = [background, low, normal, urgent];
    const scheduler = schedulerOf(...sources);
    const order = Array.from({ length: 8 }, () => takeOne(scheduler)?.name);
    expect(order).toEqual([...PRIORITIES].flatMap((priority) => [priority, priority]));
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 0)).toBe(0);
  });

  it('something urgent that comes up is next, whatever is in line', () => {
    const urgent = new Source('urgent', 100, 0, { priority: 'urgent' });
    const others = PRIORITIES.slice(1).map((priority) => new Source(priority, 1000, Infinity, { priority }));
    const scheduler = schedulerOf(...others);
    for (let rounds = 0; rounds < 200; rounds += 1) {
      take(scheduler, 1000 * (rounds % 7));
      urgent.frames = 1;
      scheduler.activate(urgent);
      // What lower ones are owed goes before it, which is one frame of each at most.
      for (let frames = 0; frames < PRIORITIES.length && urgent.frames > 0; frames += 1) take(scheduler, 1);
      expect(urgent.frames).toBe(0);
    }
  });

  it('never starves what is below: each level is owed a sixteenth of what goes before it, and takes no more', () => {
    const level = fc.option(fc.record({ sizes: frameSizes, sources: fc.integer({ min: 1, max: 3 }) }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(fc.tuple(level, level, level, level), (given) => {
        const levels = given.map((sources, index) =>
          Array.from({ length: sources?.sources ?? 0 }, (_, number) => {
            const priority = PRIORITIES[index]!;
            return new Source(`${priority} ${number}`, sources?.sizes ?? 1, Infinity, { priority });
          }),
        );
        const scheduler = schedulerOf(...levels.flat());
        const mostUrgent = levels.findIndex((sources) => sources.length > 0);
        for (let checks = 0; checks < 60; checks += 1) {
          take(scheduler, 3000);
          for (let index = mostUrgent + 1; index < levels.length; index += 1) {
            if (levels[index]!.length === 0) continue;
            const owedBytes = sentBytesOf(levels.slice(0, index).flat()) / 16;
            expect(Math.abs(sentBytesOf(levels[index]!) - owedBytes)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('what is owed is not saved up by a level that has nothing to send, or may not send it', () => {
    const urgent = new Source('urgent', 1000, Infinity, { priority: 'urgent' });
    const late = new Source('late', 1000, 0, { priority: 'background' });
    const scheduler = schedulerOf(urgent);
    take(scheduler, 10_000_000);
    late.frames = Infinity;
    scheduler.activate(late);
    take(scheduler, 10_000);
    expect(late.sentBytes).toBeLessThanOrEqual(1000);
    // Paused by its own rate it is away, too.
    late.policy.change({ bytesPerSecond: 10_000 }, 0);
    take(scheduler, 10_000_000);
    const before = late.sentBytes;
    take(scheduler, 16_000, 10_000);
    expect(late.sentBytes - before).toBeLessThanOrEqual(3 * QUANTUM_BYTES);
  });

  it('everybody who has something to send gets a turn in a bounded number of bytes, at any level, beside any others', () => {
    const source = fc.record({
      level: fc.nat(3),
      sizes: frameSizes,
      weight: fc.double({ min: 1, max: 12, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(source, { minLength: 1, maxLength: 10 }), (given) => {
        const sources = given.map(({ level, sizes, weight }, index) => {
          return new Source(String(index), sizes, Infinity, { priority: PRIORITIES[level]!, weight });
        });
        const scheduler = schedulerOf(...sources);
        const weightsOfLevel = PRIORITIES.map((_, level) =>
          given.filter((one) => one.level === level).reduce((sum, { weight }) => sum + weight + 1, 0),
        );
        // A round of its level and what is left of one before, at a seventeenth of all.
        const mostBytes = given.map(({ level }) => 17 * (2 * weightsOfLevel[level]! + 4) * QUANTUM_BYTES);
        const servedAt = new Map(sources.map((source) => [source, 0]));
        const untilBytes = 2 * Math.max(...mostBytes);
        for (let totalBytes = 0; totalBytes < untilBytes;) {
          totalBytes += scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 0);
          const sender = Source.last!;
          const waitedBytes = totalBytes - servedAt.get(sender)!;
          if (waitedBytes > mostBytes[sources.indexOf(sender)]!)
            throw new Error(`${sender.name}: ${waitedBytes} bytes`);
          servedAt.set(sender, totalBytes);
        }
        for (const [index, source] of sources.entries()) {
          expect(untilBytes - servedAt.get(source)!).toBeLessThanOrEqual(mostBytes[index]!);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('sources of one priority', () => {
  it('take turns', () => {
    const sources = ['a', 'b', 'c'].map((name) => new Source(name, QUANTUM_BYTES));
    const scheduler = schedulerOf(...sources);
    const order = Array.from({ length: 9 }, () => takeOne(scheduler)?.name);
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

  it('share by weight, within a quantum and a frame, at any moment and whatever the sizes of their frames', () => {
    const source = fc.record({ sizes: frameSizes, weight: weights });
    fc.assert(
      fc.property(fc.array(source, { minLength: 2, maxLength: 8 }), (given) => {
        const sources = given.map(({ sizes, weight }, index) => new Source(String(index), sizes, Infinity, { weight }));
        const scheduler = schedulerOf(...sources);
        for (let checks = 0; checks < 60; checks += 1) {
          take(scheduler, 5000);
          const shares = sources.map(({ sentBytes, policy }) => sentBytes / policy.weight);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('share by the new weights from the next round on when those change', () => {
    const [first, second] = [new Source('first', 100), new Source('second', 700)];
    const scheduler = schedulerOf(first, second);
    take(scheduler, 100_000);
    first.policy.change({ weight: 3 }, 0);
    const before = [first.sentBytes, second.sentBytes];
    take(scheduler, 400_000);
    expect(Math.abs((first.sentBytes - before[0]!) / 3 - (second.sentBytes - before[1]!))).toBeLessThan(
      3 * QUANTUM_BYTES,
    );
  });

  it('share fairly between any two times at which both wait, whoever else comes and goes', () => {
    const visits = fc.array(fc.record({ who: fc.nat(3), frames: fc.integer({ min: 1, max: 20 }) }), { maxLength: 30 });
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
        // A guest gets a third of it at least, and has half a megabyte at most.
        take(scheduler, 1_600_000);
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

describe('a source with a rate of its own', () => {
  it('is paused between its frames, and the time when it may go on is told', () => {
    const source = new Source('slow', 1000, 20, { bytesPerSecond: 10_000 });
    const scheduler = schedulerOf(source);
    // A burst of 4,096 bytes, and a frame that begins in it.
    expect(take(scheduler, Infinity)).toBe(5000);
    expect(scheduler.resumeMs).toBeCloseTo((5000 - 4096 + 1) / 10, 6);
    expect(take(scheduler, Infinity, scheduler.resumeMs - 0.1)).toBe(0);
    expect(take(scheduler, Infinity, scheduler.resumeMs)).toBe(1000);
  });

  it('has frames as small as that rate wants them: one of them is no burst of seconds', () => {
    const [slow, fast, free] = [20_000, 10_000_000, Infinity].map((bytesPerSecond) => {
      return new Source(String(bytesPerSecond), 1000, 1, { bytesPerSecond });
    }) as [Source, Source, Source];
    const scheduler = schedulerOf(slow, fast, free);
    while (scheduler.takeFrame(200_000, batch, 0) > 0);
    expect([slow, fast, free].map(({ maxPayloadBytes }) => maxPayloadBytes)).toEqual([4_096, 16_384, 200_000]);
  });

  it('does not keep the others waiting', () => {
    const [slow, fast] = [
      new Source('slow', 1000, Infinity, { bytesPerSecond: 10_000 }),
      new Source('fast', 1000, 500),
    ];
    const scheduler = schedulerOf(slow, fast);
    take(scheduler, Infinity);
    expect([fast.frames, slow.sentBytes]).toEqual([0, 5000]);
  });

  it('that is urgent does not keep lower levels waiting either', () => {
    const slow = new Source('slow', 1000, Infinity, { priority: 'urgent', bytesPerSecond: 10_000 });
    const file = new Source('file', 1000, 500, { priority: 'background' });
    const scheduler = schedulerOf(slow, file);
    take(scheduler, Infinity);
    expect([file.frames, slow.sentBytes]).toEqual([0, 5000]);
  });

  it('that has nothing left when it may go on is out of line, and comes in again', () => {
    const source = new Source('slow', 1000, 10, { bytesPerSecond: 10_000 });
    const scheduler = schedulerOf(source);
    take(scheduler, Infinity);
    source.frames = 0;
    expect(take(scheduler, Infinity, 10_000)).toBe(0);
    expect(scheduler.resumeMs).toBe(Infinity);
    source.frames = 2;
    scheduler.activate(source);
    expect(take(scheduler, Infinity, 20_000)).toBe(2000);
  });

  it('goes on as soon as its rate is raised and the scheduler told to look', () => {
    const source = new Source('slow', 1000, 50, { bytesPerSecond: 1 });
    const scheduler = schedulerOf(source);
    take(scheduler, Infinity);
    expect(scheduler.resumeMs).toBeGreaterThan(100_000);
    source.policy.change({ bytesPerSecond: 0 }, 10);
    scheduler.reconsider();
    expect(take(scheduler, Infinity, 10)).toBe(45_000);
    expect(scheduler.resumeMs).toBe(Infinity);
  });

  it('waits longer when its rate is lowered', () => {
    const source = new Source('slow', 1000, 50, { bytesPerSecond: 100_000 });
    const scheduler = schedulerOf(source);
    take(scheduler, Infinity);
    source.policy.change({ bytesPerSecond: 1000 }, 0);
    scheduler.reconsider();
    expect(take(scheduler, Infinity, 0)).toBe(0);
    const { resumeMs } = scheduler;
    expect(take(scheduler, Infinity, resumeMs - 1)).toBe(0);
    expect(take(scheduler, Infinity, resumeMs)).toBe(1000);
  });

  it('nothing to look at, nothing to resume', () => {
    const scheduler = new Scheduler();
    scheduler.reconsider();
    expect(scheduler.resumeMs).toBe(Infinity);
  });

  it('keeps it, comes back in time and loses nothing, beside others with rates of theirs', () => {
    const slow = fc.record({
      bytesPerSecond: fc.integer({ min: 1000, max: 1_000_000 }),
      sizes: frameSizes,
      frames: fc.integer({ min: 1, max: 60 }),
      level: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(slow, { minLength: 1, maxLength: 5 }), (given) => {
        const sources = given.map(({ bytesPerSecond, sizes, frames, level }, index) => {
          return new Source(String(index), sizes, frames, { bytesPerSecond, priority: PRIORITIES[level]! });
        });
        const scheduler = schedulerOf(...sources);
        const doneMs = sources.map(() => 0);
        let nowMs = 0;
        for (let wakes = 0; nowMs < Infinity; wakes += 1) {
          for (let sender = takeOne(scheduler, nowMs); sender; sender = takeOne(scheduler, nowMs)) {
            doneMs[sources.indexOf(sender)] = nowMs;
            const mostBytes = (sender.policy.bytesPerSecond * nowMs) / 1000 + burstOf(sender) + QUANTUM_BYTES;
            expect(sender.sentBytes).toBeLessThanOrEqual(mostBytes);
          }
          // It is never woken for nothing: there are as many frames as times, at most.
          expect(wakes).toBeLessThanOrEqual(sources.reduce((sum, { sentFrames }) => sum + sentFrames, 0) + 1);
          expect(scheduler.resumeMs).toBeGreaterThan(nowMs);
          nowMs = scheduler.resumeMs;
        }
        for (const [index, source] of sources.entries()) {
          expect(source.frames).toBe(0);
          expect(doneMs[index]).toBeLessThanOrEqual((source.sentBytes / source.policy.bytesPerSecond) * 1000 + 0.001);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** What a rate lets through at once. */
function burstOf({ policy }: Source): number {
  return Math.max(4096, policy.bytesPerSecond * 0.02);
}

describe('a change of priority', () => {
  it.each(PRIORITIES)('of the only one that has something to %s does not keep it from being sent', (priority) => {
    for (const before of PRIORITIES) {
      const source = new Source('only', 1000, 3, { priority: before });
      const scheduler = schedulerOf(source);
      source.policy.change({ priority }, 0);
      scheduler.reconsider();
      expect(take(scheduler, Infinity)).toBe(3000);
    }
  });

  it('of one in line takes it to its new level', () => {
    const [one, other] = ['one', 'other'].map((name) => new Source(name, 1000, 20)) as [Source, Source];
    const scheduler = schedulerOf(one, other);
    take(scheduler, 4000);
    one.policy.change({ priority: 'background' }, 0);
    scheduler.reconsider();
    take(scheduler, 16_000);
    expect([one.sentBytes, other.sentBytes]).toEqual([2000, 18_000]);
    take(scheduler, Infinity);
    expect([one.frames, other.frames]).toEqual([0, 0]);
  });

  it('of one that is paused holds when it comes back', () => {
    const slow = new Source('slow', 1000, 20, { bytesPerSecond: 10_000, priority: 'background' });
    const other = new Source('other', 1000);
    const scheduler = schedulerOf(slow, other);
    take(scheduler, 200_000);
    expect(slow.sentBytes).toBe(5000);
    slow.policy.change({ priority: 'urgent' }, 0);
    scheduler.reconsider();
    const sender = takeOne(scheduler, 10_000);
    expect(sender?.name).toBe('slow');
  });

  it('to a more urgent one helps at once, though its old level has long to wait for a turn', () => {
    const normal = new Source('normal', QUANTUM_BYTES);
    const files = Array.from({ length: 10 }, (_, index) => {
      return new Source(`file ${index}`, QUANTUM_BYTES, Infinity, { priority: 'background' });
    });
    const scheduler = schedulerOf(normal, ...files);
    take(scheduler, 50 * QUANTUM_BYTES);
    const chosen = files[9]!;
    const before = chosen.sentBytes;
    chosen.policy.change({ priority: 'urgent' }, 0);
    scheduler.reconsider();
    take(scheduler, 5 * QUANTUM_BYTES);
    expect(chosen.sentBytes - before).toBeGreaterThanOrEqual(3 * QUANTUM_BYTES);
  });
});

/** What may happen to a source, to be tried in any order. */
const events = fc.oneof(
  fc.record({ kind: fc.constant('take' as const), bytes: fc.nat(5000) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(200) }),
  fc.record({ kind: fc.constant('queue' as const), who: fc.nat(5), frames: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ kind: fc.constant('lose' as const), who: fc.nat(5) }),
  fc.record({ kind: fc.constant('priority' as const), who: fc.nat(5), level: fc.nat(3) }),
  fc.record({ kind: fc.constant('weight' as const), who: fc.nat(5), weight: fc.integer({ min: 1, max: 100 }) }),
  fc.record({
    kind: fc.constant('rate' as const),
    who: fc.nat(5),
    bytesPerSecond: fc.constantFrom(0, 100, 5000, 1_000_000, Infinity),
  }),
);

it('something is sent whenever one of them may send, and all of it in the end, whatever happens to them', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 120 }), (steps) => {
      const sources = Array.from({ length: 6 }, (_, index) => new Source(String(index), 100 + 180 * index, 0));
      const scheduler = schedulerOf(...sources);
      let [nowMs, queuedFrames] = [0, 0];
      const takeAll = (bytes: number) => {
        if (take(scheduler, bytes, nowMs) >= bytes) return;
        const waiting = sources.filter(({ frames }) => frames > 0);
        const delaysMs = waiting.map(({ policy }) => policy.delayMs(nowMs));
        expect(delaysMs.filter((delayMs) => delayMs === 0)).toEqual([]);
        expect(scheduler.resumeMs).toBeGreaterThan(nowMs);
        expect(scheduler.resumeMs).toBeLessThanOrEqual(nowMs + Math.min(...delaysMs) + 1e-6);
      };
      for (const step of steps) {
        if (step.kind === 'wait') nowMs += step.ms;
        else if (step.kind === 'take') takeAll(step.bytes + 1);
        else {
          const source = sources[step.who]!;
          if (step.kind === 'queue') {
            source.frames += step.frames;
            queuedFrames += step.frames;
            scheduler.activate(source);
          } else if (step.kind === 'lose') {
            // As when a channel is stopped or its credit is used up.
            queuedFrames -= source.frames;
            source.frames = 0;
          } else {
            const { priority, weight, bytesPerSecond } = {
              priority: step.kind === 'priority' ? PRIORITIES[step.level]! : undefined,
              weight: step.kind === 'weight' ? step.weight : undefined,
              bytesPerSecond: step.kind === 'rate' ? step.bytesPerSecond : undefined,
            };
            source.policy.change(
              {
                ...(priority && { priority }),
                ...(weight !== undefined && { weight }),
                ...(bytesPerSecond !== undefined && { bytesPerSecond }),
              },
              nowMs,
            );
            scheduler.reconsider();
          }
        }
      }
      for (let wakes = 0; wakes < 2000 && sources.some(({ frames }) => frames > 0); wakes += 1) {
        takeAll(Infinity);
        nowMs = Math.max(nowMs, Math.min(scheduler.resumeMs, nowMs + 1e9));
      }
      expect(sources.reduce((sum, { sentFrames }) => sum + sentFrames, 0)).toBe(queuedFrames);
    }),
    { numRuns: 300 },
  );
});

describe('cost', () => {
  it('of a decision does not grow with the number of sources that wait', () => {
    const looksPerFrame = (count: number) => {
      const sources = Array.from({ length: count }, (_, index) => {
        return new Source(String(index), 200 + (index % 800), Infinity, { priority: PRIORITIES[index % 4]! });
      });
      const scheduler = schedulerOf(...sources);
      for (let frames = 0; frames < 10_000; frames += 1) scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 0);
      return sources.reduce((sum, { looks }) => sum + looks, 0) / 10_000;
    };
    expect(looksPerFrame(10)).toBeLessThan(3);
    expect(looksPerFrame(1000)).toBeLessThan(3);
  });

  it('of a source that is not ready is one look', () => {
    const sources = Array.from({ length: 1000 }, (_, index) => new Source(String(index), 1000, 0));
    const scheduler = schedulerOf(...sources);
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 0)).toBe(0);
    expect(scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 0)).toBe(0);
    expect(sources.map(({ looks }) => looks)).toEqual(sources.map(() => 1));
  });

  it('of sources that are paused is nothing until the first of them may go on', () => {
    const sources = Array.from({ length: 1000 }, (_, index) => {
      return new Source(String(index), 5000, Infinity, { bytesPerSecond: 1000 });
    });
    const scheduler = schedulerOf(...sources);
    take(scheduler, Infinity);
    const looks = sources.reduce((sum, source) => sum + source.looks, 0);
    for (let count = 0; count < 1000; count += 1) scheduler.takeFrame(MAX_PAYLOAD_BYTES, batch, 1);
    expect(sources.reduce((sum, source) => sum + source.looks, 0)).toBe(looks);
  });
});

it('frames that become smaller do not make a source with a debt wait for ever', () => {
  const [debtor, other] = [new Source('debtor', 262_152, 1), new Source('other', 32)];
  const scheduler = schedulerOf(debtor, other);
  scheduler.takeFrame(262_144, batch, 0);
  debtor.frames = 1;
  scheduler.activate(debtor);
  let taken = 0;
  while (debtor.frames > 0) {
    taken += scheduler.takeFrame(24, batch, 0);
    expect(taken).toBeLessThan(1_000_000);
  }
});

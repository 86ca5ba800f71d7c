import { TokenBucket } from '@tcpcomm/throttle';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framePayloadBytesFor } from '../../../src/engine/sending/frame-size.ts';
import { Receipt } from '../../../src/engine/receiving/receipt.ts';
import { SessionThrottle } from '../../../src/engine/session-throttle.ts';

const MIN_INTERVAL_BYTES = 8_192;
const MAX_INTERVAL_BYTES = 2_097_152;

function receiptOf(bytesPerSecond = Infinity): Receipt {
  return new Receipt(new SessionThrottle({ bytesPerSecond }));
}

/** So many bytes come at once. */
function receive(receipt: Receipt, bytes: number, nowMs: number): void {
  receipt.handleReceived(bytes);
  receipt.settle(nowMs);
}

/** A receipt on a clock of its own: it is asked when it says so, and whenever bytes come. */
class Receiving {
  readonly receipt: Receipt;
  nowMs = 0;
  receivedBytes = 0;
  acknowledgedBytes = 0;
  acknowledgements = 0;
  /** How often it was asked because it said so. */
  wakes = 0;
  onAcknowledged: () => void = () => undefined;

  constructor(receipt: Receipt) {
    this.receipt = receipt;
  }

  receive(bytes: number): void {
    this.receivedBytes += bytes;
    receive(this.receipt, bytes, this.nowMs);
    this.take(false);
  }

  take(isConvenient: boolean): void {
    const counter = this.receipt.take(this.nowMs, isConvenient);
    if (counter === undefined) return;
    expect(counter).toBeGreaterThan(this.acknowledgedBytes);
    expect(counter).toBeLessThanOrEqual(this.receivedBytes);
    this.acknowledgedBytes = counter;
    this.acknowledgements += 1;
    this.onAcknowledged();
  }

  /** Each time it is due something happens: bytes are acknowledged, or it is due later. */
  runUntil(untilMs: number): void {
    while (this.receipt.dueMs <= untilMs && this.receipt.dueMs < Infinity) {
      this.nowMs = Math.max(this.nowMs, this.receipt.dueMs);
      const before = this.acknowledgedBytes;
      this.wakes += 1;
      this.take(false);
      if (this.acknowledgedBytes === before) expect(this.receipt.dueMs).toBeGreaterThan(this.nowMs);
    }
    if (untilMs < Infinity) this.nowMs = untilMs;
  }
}

describe('an acknowledgement', () => {
  it('is due 10 ms after the first byte that is not acknowledged, whatever follows', () => {
    const receipt = receiptOf();
    receive(receipt, 1, 1000);
    receive(receipt, 1, 1009);
    expect(receipt.dueMs).toBe(1010);
    expect(receipt.take(1009, false)).toBeUndefined();
    expect(receipt.take(1010, false)).toBe(2);
  });

  it('is due at once with 8 KiB at first, and not with a byte less', () => {
    const receipt = receiptOf();
    receive(receipt, MIN_INTERVAL_BYTES - 1, 1000);
    expect(receipt.dueMs).toBe(1010);
    receive(receipt, 1, 1001);
    expect(receipt.dueMs).toBe(1001);
    expect(receipt.take(1001, false)).toBe(MIN_INTERVAL_BYTES);
  });

  it.each([
    ['1 MB/s', 1_000, MIN_INTERVAL_BYTES],
    ['8 MB/s', 8_000, MIN_INTERVAL_BYTES],
    ['100 MB/s', 100_000, 16_384],
    ['1 GB/s', 1_000_000, 1_000_000],
    ['5 GB/s', 5_000_000, MAX_INTERVAL_BYTES],
  ])('at %s is due with as many bytes as are acknowledged together at that rate', (_rate, bytesPerMs, interval) => {
    const receiving = new Receiving(receiptOf());
    const stepBytes = Math.max(100, bytesPerMs / 100);
    const sizes: number[] = [];
    let before = 0;
    receiving.onAcknowledged = () => {
      // The rate is measured three times for 10 ms first.
      if (receiving.nowMs > 35) sizes.push(receiving.acknowledgedBytes - before);
      before = receiving.acknowledgedBytes;
    };
    while (receiving.nowMs < 60) {
      receiving.runUntil(receiving.nowMs + stepBytes / bytesPerMs);
      receiving.receive(stepBytes);
    }
    expect(sizes.length).toBeGreaterThan(2);
    for (const size of sizes) {
      expect(size).toBeGreaterThan(interval * 0.95 - stepBytes);
      expect(size).toBeLessThanOrEqual(interval * 1.05 + stepBytes);
    }
  });

  it('is due with 8 KiB again after a pause: the rate of before is not what comes next', () => {
    const receiving = new Receiving(receiptOf());
    for (let count = 0; count < 400; count += 1) {
      receiving.runUntil(receiving.nowMs + 0.1);
      receiving.receive(100_000);
    }
    receiving.runUntil(receiving.nowMs + 1000);
    // The first after the pause still goes by the old rate, or the clock.
    receiving.receive(10_000);
    receiving.runUntil(receiving.nowMs + 20);
    expect(receiving.acknowledgedBytes).toBe(receiving.receivedBytes);
    receiving.receive(MIN_INTERVAL_BYTES);
    expect(receiving.acknowledgedBytes).toBe(receiving.receivedBytes);
  });

  it('is due as before while the rate is higher for 10 ms only', () => {
    const receiving = new Receiving(receiptOf());
    const comeFor = (durationMs: number, bytesPerMs: number) => {
      for (const untilMs = receiving.nowMs + durationMs; receiving.nowMs < untilMs;) {
        receiving.runUntil(receiving.nowMs + 0.01);
        receiving.receive(bytesPerMs / 100);
      }
    };
    comeFor(100, 100_000);
    for (let peaks = 0; peaks < 5; peaks += 1) {
      comeFor(10, 1_000_000);
      const { acknowledgements } = receiving;
      comeFor(30, 100_000);
      // As many as at 100 MB/s, one for each 16 KiB.
      expect(receiving.acknowledgements - acknowledgements).toBeGreaterThan((0.95 * 30 * 100_000) / 16_384);
    }
  });

  it('is not put off by a burst: what came at once is no rate', () => {
    const receiving = new Receiving(receiptOf());
    for (let rounds = 0; rounds < 20; rounds += 1) {
      receiving.runUntil(receiving.nowMs + 50);
      for (let count = 0; count < 4; count += 1) receiving.receive(8192);
      // All of it is acknowledged already: who has no more in flight need not wait for the clock.
      expect(receiving.acknowledgedBytes).toBe(receiving.receivedBytes);
    }
  });

  it('goes with a write that happens anyway, if there is news', () => {
    const receipt = receiptOf();
    expect(receipt.take(0, true)).toBeUndefined();
    receive(receipt, 5, 0);
    expect(receipt.take(0, true)).toBe(5);
    expect(receipt.take(0, true)).toBeUndefined();
  });

  it('leaves nothing due, and counts on from there', () => {
    const receipt = receiptOf();
    receive(receipt, 2_000_000, 0);
    receipt.take(0, false);
    expect(receipt.dueMs).toBe(Infinity);
    receive(receipt, 10, 50);
    expect(receipt.dueMs).toBe(60);
    expect(receipt.take(60, false)).toBe(2_000_010);
  });

  it('is never due any more once cleared', () => {
    const receipt = receiptOf(10_000);
    receive(receipt, 270_000, 0);
    expect(receipt.withheldBytes).toBeGreaterThan(0);
    receipt.clear();
    expect([receipt.dueMs, receipt.take(1e9, true), receipt.withheldBytes]).toEqual([Infinity, undefined, 0]);
  });
});

const arrivals = fc.array(fc.record({ bytes: fc.nat(40_000), afterMs: fc.nat(15), writes: fc.boolean() }), {
  maxLength: 60,
});

it('without a limit nothing waits longer than 10 ms, whenever bytes come and writes happen', () => {
  fc.assert(
    fc.property(
      arrivals,
      fc.constantFrom(receiptOf, () => new Receipt()),
      (steps, create) => {
        const receiving = new Receiving(create());
        let waitsSinceMs = Infinity;
        receiving.onAcknowledged = () => {
          expect(receiving.nowMs - waitsSinceMs).toBeLessThanOrEqual(10);
          expect(receiving.acknowledgedBytes).toBe(receiving.receivedBytes);
          waitsSinceMs = Infinity;
        };
        for (const { bytes, afterMs, writes } of steps) {
          receiving.runUntil(receiving.nowMs + afterMs);
          if (bytes > 0) waitsSinceMs = Math.min(waitsSinceMs, receiving.nowMs);
          receiving.receive(bytes);
          if (writes) receiving.take(true);
          expect(receiving.receivedBytes - receiving.acknowledgedBytes).toBeLessThan(MAX_INTERVAL_BYTES);
        }
        receiving.runUntil(receiving.nowMs + 10);
        expect([receiving.acknowledgedBytes, receiving.receipt.dueMs]).toEqual([receiving.receivedBytes, Infinity]);
      },
    ),
    { numRuns: 200 },
  );
});

it('without a throttle nothing is held back, however much comes', () => {
  const receipt = new Receipt();
  receive(receipt, 300_000, 0);
  expect([receipt.withheldBytes, receipt.isOverdrawn, receipt.take(0, false)]).toEqual([0, false, 300_000]);
});

describe('under a rate', () => {
  it('bytes are acknowledged as the throttle lets them through, and all of them in the end', () => {
    const receiving = new Receiving(receiptOf(100_000));
    receiving.receive(500_000);
    receiving.runUntil(1000);
    expect(receiving.acknowledgedBytes).toBeGreaterThan(95_000);
    expect(receiving.acknowledgedBytes).toBeLessThan(110_000);
    expect(receiving.receipt.withheldBytes).toBe(500_000 - receiving.acknowledgedBytes);
    receiving.runUntil(Infinity);
    expect(receiving.acknowledgedBytes).toBe(500_000);
    expect(receiving.nowMs).toBeGreaterThan(4900);
    expect(receiving.nowMs).toBeLessThan(5000);
  });

  it('never more than it allows, never later than it must be, and never in vain', () => {
    const rates = fc.oneof(fc.integer({ min: 4096, max: 200_000 }), fc.integer({ min: 200_000, max: 50_000_000 }));
    const step = fc.record({
      shareOfSecond: fc.double({ min: 0, max: 0.3, noNaN: true }),
      afterMs: fc.nat(300),
      writes: fc.boolean(),
    });
    fc.assert(
      fc.property(rates, fc.array(step, { minLength: 1, maxLength: 30 }), (bytesPerSecond, steps) => {
        const throttle = new SessionThrottle({ bytesPerSecond });
        const receiving = new Receiving(new Receipt(throttle));
        const burstBytes = Math.max(4096, bytesPerSecond * 0.02);
        const quantumBytes = framePayloadBytesFor(bytesPerSecond);
        let [fewestBytes, idleSinceMs] = [0, 0];
        receiving.onAcknowledged = () => {
          const allowed = (bytesPerSecond * receiving.nowMs) / 1000 + burstBytes + quantumBytes;
          expect(receiving.acknowledgedBytes).toBeLessThanOrEqual(allowed + 1);
        };
        for (const { shareOfSecond, afterMs, writes } of steps) {
          receiving.runUntil(receiving.nowMs + afterMs);
          if (receiving.receipt.withheldBytes === 0) {
            [fewestBytes, idleSinceMs] = [receiving.acknowledgedBytes, receiving.nowMs];
          }
          // While something waits, the rate is used in full, but for a frame and the time of an acknowledgement.
          const elapsedMs = receiving.nowMs - idleSinceMs - 10;
          const least = fewestBytes + (bytesPerSecond * elapsedMs) / 1000 - quantumBytes - 1;
          if (receiving.receipt.withheldBytes > 0) expect(receiving.acknowledgedBytes).toBeGreaterThanOrEqual(least);
          receiving.receive(Math.floor(shareOfSecond * bytesPerSecond));
          if (writes) receiving.take(true);
        }
        const { withheldBytes } = receiving.receipt;
        const lastMs = receiving.nowMs;
        receiving.runUntil(Infinity);
        expect(receiving.acknowledgedBytes).toBe(receiving.receivedBytes);
        // What was let through last may be a debt still.
        const restMs = ((withheldBytes + quantumBytes) / bytesPerSecond) * 1000;
        expect(receiving.nowMs - lastMs).toBeLessThanOrEqual(restMs + 10.001);
        expect(receiving.wakes).toBeLessThanOrEqual(
          2 * steps.length + (2 * receiving.receivedBytes) / quantumBytes + 2,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('a sender that was held back is told at once when it may go on: it may have nothing else in flight', () => {
    const receiving = new Receiving(receiptOf(1_000_000));
    const timesMs: number[] = [];
    receiving.onAcknowledged = () => timesMs.push(receiving.nowMs);
    receiving.receive(100_000);
    receiving.runUntil(Infinity);
    // 4 KiB pass in 4.1 ms. That is less than an interval, and would wait for more, or for 10 ms.
    const gapsMs = timesMs.slice(1).map((atMs, index) => atMs - timesMs[index]!);
    expect(gapsMs.length).toBeGreaterThan(15);
    expect(Math.max(...gapsMs)).toBeLessThan(4.2);
  });

  it('a peer is overdrawn when more than a second of it, and than 256 KiB, is held back', () => {
    for (const [bytesPerSecond, bound] of [
      [50_000, 262_144],
      [1_000_000, 1_000_000],
    ] as const) {
      const receiving = new Receiving(receiptOf(bytesPerSecond));
      while (receiving.receipt.withheldBytes <= bound - 1000) receiving.receive(1000);
      expect(receiving.receipt.isOverdrawn).toBe(false);
      receiving.receive(2000);
      expect(receiving.receipt.isOverdrawn).toBe(true);
      receiving.runUntil(100);
      expect(receiving.receipt.isOverdrawn).toBe(false);
    }
  });

  it('nobody is overdrawn without one', () => {
    const receiving = new Receiving(receiptOf());
    receiving.receive(1e9);
    expect(receiving.receipt.isOverdrawn).toBe(false);
  });

  it('that is raised lets through what waits from then on', () => {
    const throttle = new SessionThrottle({ bytesPerSecond: 4096 });
    const receiving = new Receiving(new Receipt(throttle));
    receiving.receive(200_000);
    receiving.runUntil(100);
    throttle.setRate(Infinity, 100);
    receiving.take(false);
    expect(receiving.acknowledgedBytes).toBe(200_000);
  });
});

/** A direction that sends frames whenever its bucket lets it, as the frame sender does. */
class Outgoing {
  readonly #throttle: SessionThrottle;
  readonly #frameBytes: number;
  sentBytes = 0;
  dueMs = 0;

  constructor(throttle: SessionThrottle, frameBytes: number) {
    this.#throttle = throttle;
    this.#frameBytes = frameBytes;
  }

  run(nowMs: number): void {
    const { outgoing } = this.#throttle;
    let delayMs = outgoing.delayMs(1, nowMs);
    for (; delayMs === 0; delayMs = outgoing.delayMs(1, nowMs)) {
      outgoing.spend(this.#frameBytes, nowMs);
      this.sentBytes += this.#frameBytes;
    }
    this.dueMs = nowMs + delayMs;
  }
}

/** Runs all that want to send until that time, each when it is due. */
function runBoth(outgoing: readonly Outgoing[], incoming: readonly Receiving[], fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs <= untilMs;) {
    for (const one of outgoing) if (one.dueMs <= nowMs) one.run(nowMs);
    for (const one of incoming) one.runUntil(nowMs);
    const dueMs = [...outgoing.map((one) => one.dueMs), ...incoming.map(({ receipt }) => receipt.dueMs)];
    nowMs = Math.max(Math.min(...dueMs), nowMs + 0.001);
  }
}

describe('both directions of a session', () => {
  const RATES = [65_536, 1_000_000, 20_000_000];

  it.each(RATES)('share its %i B/s half and half while both have something', (bytesPerSecond) => {
    const throttle = new SessionThrottle({ bytesPerSecond });
    const incoming = new Receiving(new Receipt(throttle));
    const outgoing = new Outgoing(throttle, 8 + framePayloadBytesFor(bytesPerSecond));
    incoming.receive(10 * bytesPerSecond);
    runBoth([outgoing], [incoming], 0, 1000);
    const before = [outgoing.sentBytes, incoming.acknowledgedBytes];
    runBoth([outgoing], [incoming], 1000, 6000);
    const [sent, admitted] = [outgoing.sentBytes - before[0]!, incoming.acknowledgedBytes - before[1]!];
    const half = (bytesPerSecond * 5) / 2;
    expect(Math.abs(sent + admitted - 2 * half)).toBeLessThan(0.03 * 2 * half);
    expect(Math.abs(sent - half)).toBeLessThan(0.06 * half);
    expect(Math.abs(admitted - half)).toBeLessThan(0.06 * half);
  });

  it.each(RATES)('have all of its %i B/s when the other has nothing', (bytesPerSecond) => {
    const least = bytesPerSecond * 5 * 0.98;
    const throttle = new SessionThrottle({ bytesPerSecond });
    const outgoing = new Outgoing(throttle, 8 + framePayloadBytesFor(bytesPerSecond));
    runBoth([outgoing], [], 0, 5000);
    expect(outgoing.sentBytes).toBeGreaterThan(least);
    const incoming = new Receiving(new Receipt(throttle));
    incoming.nowMs = 5000;
    incoming.receive(10 * bytesPerSecond);
    incoming.runUntil(10_000);
    expect(incoming.acknowledgedBytes).toBeGreaterThan(least);
    expect(outgoing.sentBytes + incoming.acknowledgedBytes).toBeLessThan(bytesPerSecond * 10 * 1.02 + 40_000);
  });
});

it('two sessions share the total of a server, whichever way their bytes go, and what one leaves is the other’s', () => {
  const total = new TokenBucket({ bytesPerSecond: 1_000_000 });
  const [first, second] = [0, 1].map(() => new SessionThrottle({ bytesPerSecond: 900_000, total })) as [
    SessionThrottle,
    SessionThrottle,
  ];
  expect([first.peakBytesPerSecond, first.bytesPerSecond]).toEqual([900_000, 900_000]);
  const incoming = new Receiving(new Receipt(first));
  const outgoing = new Outgoing(second, 16_392);
  incoming.receive(20_000_000);
  runBoth([outgoing], [incoming], 0, 1000);
  const before = [outgoing.sentBytes, incoming.acknowledgedBytes];
  runBoth([outgoing], [incoming], 1000, 6000);
  expect(Math.abs(outgoing.sentBytes - before[0]! - 2_500_000)).toBeLessThan(150_000);
  expect(Math.abs(incoming.acknowledgedBytes - before[1]! - 2_500_000)).toBeLessThan(150_000);
  // One leaves: the other has its own rate, which is less than the total.
  second.release(6000);
  const alone = incoming.acknowledgedBytes;
  incoming.runUntil(11_000);
  expect(incoming.acknowledgedBytes - alone).toBeGreaterThan(4_350_000);
  expect(incoming.acknowledgedBytes - alone).toBeLessThan(4_600_000);
});

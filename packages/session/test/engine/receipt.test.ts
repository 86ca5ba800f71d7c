import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Receipt } from '../../src/engine/receipt.ts';

describe('an acknowledgement', () => {
  it('is due 10 ms after the first byte that is not acknowledged, whatever follows', () => {
    const receipt = new Receipt();
    receipt.handleReceived(1, 1000);
    receipt.handleReceived(1, 1009);
    expect(receipt.dueMs).toBe(1010);
    expect(receipt.take(1009, false)).toBeUndefined();
    expect(receipt.take(1010, false)).toBe(2);
  });

  it('is due at once with 256 KiB, and not with a byte less', () => {
    const receipt = new Receipt();
    receipt.handleReceived(262_143, 1000);
    expect(receipt.dueMs).toBe(1010);
    receipt.handleReceived(1, 1001);
    expect(receipt.dueMs).toBe(1001);
    expect(receipt.take(1001, false)).toBe(262_144);
  });

  it('goes with a write that happens anyway, if there is news', () => {
    const receipt = new Receipt();
    expect(receipt.take(0, true)).toBeUndefined();
    receipt.handleReceived(5, 0);
    expect(receipt.take(0, true)).toBe(5);
    expect(receipt.take(0, true)).toBeUndefined();
  });

  it('leaves nothing due, and counts on from there', () => {
    const receipt = new Receipt();
    receipt.handleReceived(270_000, 0);
    receipt.take(0, false);
    expect(receipt.dueMs).toBe(Infinity);
    receipt.handleReceived(10, 50);
    expect(receipt.dueMs).toBe(60);
    expect(receipt.take(60, false)).toBe(270_010);
  });

  it('is never due any more once cleared', () => {
    const receipt = new Receipt();
    receipt.handleReceived(270_000, 0);
    receipt.clear();
    expect([receipt.dueMs, receipt.take(1e9, true)]).toEqual([Infinity, undefined]);
  });
});

it('nothing is ever left unacknowledged, whenever bytes come and writes happen', () => {
  const step = fc.record({ bytes: fc.nat(40_000), afterMs: fc.nat(15), writes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const receipt = new Receipt();
      let [nowMs, received, acknowledged] = [0, 0, 0];
      const take = (isConvenient: boolean) => {
        const counter = receipt.take(nowMs, isConvenient);
        if (counter !== undefined) acknowledged = counter;
      };
      for (const { bytes, afterMs, writes } of steps) {
        while (receipt.dueMs <= nowMs + afterMs) {
          nowMs = Math.max(nowMs, receipt.dueMs);
          take(false);
        }
        nowMs += afterMs;
        received += bytes;
        if (bytes > 0) receipt.handleReceived(bytes, nowMs);
        if (writes) take(true);
        else take(false);
        expect(received - acknowledged).toBeLessThan(262_144);
      }
      nowMs = Math.max(nowMs, Math.min(receipt.dueMs, nowMs + 10));
      take(false);
      expect([acknowledged, receipt.dueMs]).toEqual([received, Infinity]);
    }),
  );
});

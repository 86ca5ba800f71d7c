import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssemblyBudget, type AssemblyHolder } from '../../../src/engine/receiving/assembly-budget.ts';

class Holder implements AssemblyHolder {
  freed = 0;

  handleBudgetFreed(): void {
    this.freed += 1;
  }
}

describe('a budget', () => {
  it('is held up to its limit by all together', () => {
    const budget = new AssemblyBudget(100);
    const [first, second] = [new Holder(), new Holder()];
    expect(budget.tryHold(first, 60)).toBe(true);
    expect(budget.tryHold(second, 41)).toBe(false);
    expect(budget.tryHold(second, 40)).toBe(true);
    expect(budget.tryHold(second, 41)).toBe(false);
  });

  it('is exceeded by the first in line only, so that one always goes on', () => {
    const budget = new AssemblyBudget(100);
    const [first, second] = [new Holder(), new Holder()];
    expect(budget.tryHold(first, 500)).toBe(true);
    expect(budget.tryHold(second, 1)).toBe(false);
    expect(budget.tryHold(first, 1000)).toBe(true);
  });

  it('tells the others when something is given back', () => {
    const budget = new AssemblyBudget(100);
    const [first, second] = [new Holder(), new Holder()];
    budget.tryHold(first, 100);
    budget.tryHold(second, 50);
    budget.shrink(first, 60);
    expect(second.freed).toBe(1);
    expect(budget.tryHold(second, 40)).toBe(true);
  });

  it('goes to the next in line when the first one leaves it, though that held nothing', () => {
    const budget = new AssemblyBudget(100);
    const [first, second, third] = [new Holder(), new Holder(), new Holder()];
    budget.tryHold(first, 100);
    budget.tryHold(second, 10);
    budget.tryHold(third, 200);
    budget.shrink(first, 0);
    expect(budget.tryHold(third, 200)).toBe(false);
    const before = third.freed;
    budget.shrink(second, 0);
    expect(third.freed).toBe(before + 1);
    expect(budget.tryHold(third, 200)).toBe(true);
  });

  it('ignores what is given back by who holds nothing', () => {
    const budget = new AssemblyBudget(100);
    const [first, second] = [new Holder(), new Holder()];
    budget.shrink(first, 0);
    budget.tryHold(second, 50);
    budget.shrink(second, 80);
    expect([first.freed, second.freed]).toEqual([0, 0]);
  });
});

it('holders that ask until they have what they need, and then leave, all get it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }), (needs) => {
      const budget = new AssemblyBudget(100);
      const waiting = needs.map((need) => ({ holder: new Holder(), need, held: 0 }));
      let rounds = 0;
      while (waiting.length > 0) {
        rounds += 1;
        expect(rounds).toBeLessThan(10_000);
        for (const entry of [...waiting]) {
          if (budget.tryHold(entry.holder, entry.held + 10)) entry.held += 10;
          if (entry.held < entry.need) continue;
          budget.shrink(entry.holder, 0);
          waiting.splice(waiting.indexOf(entry), 1);
        }
      }
    }),
  );
});

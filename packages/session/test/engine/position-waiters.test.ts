import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PositionWaiters } from '../../src/engine/position-waiters.ts';
import { PromiseLedger } from './promise-ledger.ts';

const stopped = new Error('stopped');

describe('a position', () => {
  it('that is reached already costs nothing: all share one resolved promise', async () => {
    const waiters = new PositionWaiters();
    waiters.advanceTo(10);
    const promise = waiters.wait(10);
    expect(waiters.wait(-5)).toBe(promise);
    expect(new PositionWaiters().wait(0)).toBe(promise);
    await expect(promise).resolves.toBeUndefined();
  });

  it('that is passed resolves, and the ones beyond go on waiting', async () => {
    const waiters = new PositionWaiters();
    const ledger = new PromiseLedger();
    for (const position of [30, 10, 20, 10]) ledger.add(String(position), waiters.wait(position));
    waiters.advanceTo(19);
    expect(await ledger.resolved()).toEqual(['10', '10']);
    waiters.advanceTo(20);
    expect(await ledger.pending()).toEqual(['30']);
    waiters.advanceTo(15);
    expect(waiters.reached).toBe(20);
  });
});

describe('a signal', () => {
  it('that was aborted before rejects, also where the position is reached', async () => {
    const reason = new Error('changed my mind');
    await expect(new PositionWaiters().wait(0, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('ends its own wait with its reason and no other', async () => {
    const waiters = new PositionWaiters();
    const controller = new AbortController();
    const ledger = new PromiseLedger();
    ledger.add('before', waiters.wait(10));
    ledger.add('aborted', waiters.wait(10, controller.signal));
    ledger.add('after', waiters.wait(10));
    controller.abort(stopped);
    expect(await ledger.rejected()).toEqual(['aborted']);
    waiters.advanceTo(10);
    expect(await ledger.resolved()).toEqual(['before', 'after']);
    expect(await ledger.errors()).toEqual([stopped]);
  });

  it('is let go when the wait is over, reached or stopped: aborting it later disturbs nobody', async () => {
    const waiters = new PositionWaiters();
    const controllers = [new AbortController(), new AbortController()] as const;
    const ledger = new PromiseLedger();
    ledger.add('reached', waiters.wait(1, controllers[0].signal));
    waiters.advanceTo(1);
    ledger.add('waiting', waiters.wait(5));
    controllers[0].abort();
    expect(await ledger.pending()).toEqual(['waiting']);
    ledger.add('stopped', waiters.wait(5, controllers[1].signal));
    waiters.stop(stopped);
    controllers[1].abort();
    expect(await ledger.errors()).toEqual([stopped, stopped]);
  });
});

describe('a counter that is stopped', () => {
  it('rejects those who wait and those who come later, but not for what had been reached', async () => {
    const waiters = new PositionWaiters();
    waiters.advanceTo(5);
    const waiting = waiters.wait(6);
    waiters.stop(stopped);
    await expect(waiting).rejects.toBe(stopped);
    await expect(waiters.wait(7)).rejects.toBe(stopped);
    await expect(waiters.wait(5)).resolves.toBeUndefined();
  });
});

it('every promise settles, and rightly, whatever the order of waiting, advancing, aborting and stopping', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), position: fc.nat(50), isAbortable: fc.boolean() }),
    fc.record({ kind: fc.constant('advance' as const), position: fc.nat(50) }),
    fc.record({ kind: fc.constant('abort' as const), which: fc.nat(10) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const waiters = new PositionWaiters();
      const ledger = new PromiseLedger();
      const expected = new Map<string, 'resolved' | 'rejected'>();
      const open = new Map<string, { readonly position: number; readonly controller: AbortController | undefined }>();
      for (const [index, action] of steps.entries()) {
        if (action.kind === 'wait') {
          const controller = action.isAbortable ? new AbortController() : undefined;
          const name = `${index}`;
          ledger.add(name, waiters.wait(action.position, controller?.signal));
          if (action.position <= waiters.reached) expected.set(name, 'resolved');
          else open.set(name, { position: action.position, controller });
        } else if (action.kind === 'advance') {
          waiters.advanceTo(action.position);
          for (const [name, { position }] of open) {
            if (position > waiters.reached) continue;
            expected.set(name, 'resolved');
            open.delete(name);
          }
        } else {
          const abortable = [...open].filter(([, { controller }]) => controller);
          const [name, entry] = abortable[action.which % Math.max(1, abortable.length)] ?? [];
          if (name === undefined) continue;
          entry?.controller?.abort();
          expected.set(name, 'rejected');
          open.delete(name);
        }
      }
      waiters.stop(stopped);
      for (const name of open.keys()) expected.set(name, 'rejected');
      const names = (wanted: string) => [...expected].filter(([, state]) => state === wanted).map(([name]) => name);
      expect((await ledger.resolved()).sort()).toEqual(names('resolved').sort());
      expect((await ledger.rejected()).sort()).toEqual(names('rejected').sort());
    }),
    { numRuns: 200 },
  );
});

import { LimitError } from '@tcpcomm/protocol';
import { expect, it } from 'vitest';
import { MAX_OPEN_TRANSFERS, MAX_WAITING_TRANSFERS, TransferQueue } from '../../src/io/transfer-queue.ts';

function queueWith(count: number): { readonly queue: TransferQueue; readonly log: string[] } {
  const queue = new TransferQueue();
  queue.resume();
  const log: string[] = [];
  for (let index = 0; index < count; index += 1) {
    queue.enter({ begin: () => log.push(`begin ${index}`), fail: () => log.push(`fail ${index}`) });
  }
  return { queue, log };
}

it('begins as many as may be open, and one more for each that ends, in order', () => {
  const { queue, log } = queueWith(MAX_OPEN_TRANSFERS + 3);
  expect(log).toHaveLength(MAX_OPEN_TRANSFERS);
  log.length = 0;
  queue.handleEnded(true);
  queue.handleEnded(true);
  expect(log).toEqual([`begin ${MAX_OPEN_TRANSFERS}`, `begin ${MAX_OPEN_TRANSFERS + 1}`]);
  // As many are open as before, so one more has to wait.
  queue.enter({ begin: () => log.push('begin the last'), fail: () => undefined });
  expect(log).toHaveLength(2);
});

it('one that has left gets no turn', () => {
  const { queue, log } = queueWith(MAX_OPEN_TRANSFERS);
  const entry = { begin: () => log.push('begun'), fail: () => log.push('failed') };
  queue.enter(entry);
  expect([queue.leave(entry), queue.leave(entry)]).toEqual([true, false]);
  queue.handleEnded(true);
  expect(log).toHaveLength(MAX_OPEN_TRANSFERS);
});

it('fails all that wait when one ends because the session has', () => {
  const { queue, log } = queueWith(MAX_OPEN_TRANSFERS + 2);
  log.length = 0;
  queue.handleEnded(false);
  queue.handleEnded(false);
  expect(log).toEqual([`fail ${MAX_OPEN_TRANSFERS}`, `fail ${MAX_OPEN_TRANSFERS + 1}`]);
});

it('has a bound', () => {
  const { queue } = queueWith(MAX_OPEN_TRANSFERS + MAX_WAITING_TRANSFERS - 1);
  queue.requireRoom();
  queue.enter({ begin: () => undefined, fail: () => undefined });
  expect(() => {
    queue.requireRoom();
  }).toThrow(LimitError);
  queue.handleEnded(true);
  queue.requireRoom();
});

it('begins nothing while it is paused, and then what had begun before what waits', () => {
  const { queue, log } = queueWith(MAX_OPEN_TRANSFERS + 1);
  log.length = 0;
  queue.pause();
  queue.handleEnded(true);
  queue.reenter({ begin: () => log.push('again'), fail: () => undefined });
  expect(log).toEqual([]);
  queue.resume();
  expect(log).toEqual(['again', `begin ${MAX_OPEN_TRANSFERS}`]);
});

import { LimitError, WireError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { TransferIds } from '../../../src/engine/transfers/transfer-ids.ts';
import { TransferTable } from '../../../src/engine/transfers/transfer-table.ts';
import type { Transfer } from '../../../src/engine/transfers/transfer.ts';
import { errorOf } from '../error-of.ts';

function transferWith(id: number, isOpen = true): Transfer {
  const nothing = () => undefined;
  const handlers = { handleOffer: nothing, handleAccept: nothing, handleData: nothing, handleEnd: nothing };
  const others = { handleDone: nothing, handleAbort: nothing, handleCredit: nothing, handleWritten: nothing };
  const more = { handleFolderOffer: nothing, handleAnswer: nothing, handlePause: nothing, stop: nothing };
  return { id, isOpen, ...handlers, ...others, ...more };
}

describe('the ids of this side', () => {
  it.each([
    ['client', [1, 3, 5]],
    ['server', [2, 4, 6]],
  ] as const)('of a %s are %j and so on', (role, expected) => {
    const table = new TransferTable(role, 64, new TransferIds(role));
    expect([table.takeOwnId(), table.takeOwnId(), table.takeOwnId()]).toEqual(expected);
  });

  it.each([
    ['client', 65_535, 1],
    ['server', 65_534, 2],
  ] as const)('of a %s go round after %i', (role, last, first) => {
    const table = new TransferTable(role, 64, new TransferIds(role));
    const ids = Array.from({ length: 32_768 }, () => table.takeOwnId());
    expect(ids.slice(-2)).toEqual(role === 'client' ? [65_533, last] : [last, first]);
    expect(new Set(ids.slice(0, 32_767)).size).toBe(32_767);
    expect(ids).not.toContain(0);
  });

  it('leave out those that are still in use', () => {
    const table = new TransferTable('client', 64, new TransferIds('client'));
    table.add(transferWith(1));
    table.add(transferWith(5));
    expect([table.takeOwnId(), table.takeOwnId()]).toEqual([3, 7]);
  });

  it('are bounded: one more is a LimitError, also while an aborted one still waits for the peer', () => {
    const table = new TransferTable('client', 2, new TransferIds('client'));
    table.add(transferWith(1));
    table.add(transferWith(3, false));
    table.add(transferWith(2));
    const error = errorOf(() => table.takeOwnId());
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({
      limitName: 'maxTransfers',
      limit: 2,
      actual: 3,
      message: '2 transfers begun here are open, maxTransfers is 2; wait for one to end',
    });
    table.remove(3);
    expect(table.takeOwnId()).toBe(3);
  });
});

describe("the peer's ids", () => {
  it.each([
    ['client', 2, true],
    ['client', 65_534, true],
    ['client', 1, false],
    ['client', 0, false],
    ['server', 1, true],
    ['server', 65_535, true],
    ['server', 2, false],
    ['server', 0, false],
    ['server', 9, false],
  ] as const)('at a %s: %i may begin a transfer: %s', (role, id, isAllowed) => {
    const table = new TransferTable(role, 64, new TransferIds(role));
    table.add(transferWith(9));
    if (isAllowed) {
      table.checkPeerId(id);
      return;
    }
    expect(errorOf(() => table.checkPeerId(id))).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
      message: `transfer id ${id} is not one that the peer may begin with now`,
    });
  });

  it('are bounded apart from those of this side', () => {
    const table = new TransferTable('server', 2, new TransferIds('server'));
    table.add(transferWith(2));
    table.add(transferWith(4));
    table.add(transferWith(1));
    expect(table.isFullForPeer).toBe(false);
    table.add(transferWith(3, false));
    expect(table.isFullForPeer).toBe(true);
  });
});

it('only open transfers hold up a goodbye', () => {
  const table = new TransferTable('server', 2, new TransferIds('server'));
  expect(table.hasOpen).toBe(false);
  table.add(transferWith(2, false));
  expect(table.hasOpen).toBe(false);
  table.add(transferWith(4));
  expect(table.hasOpen).toBe(true);
  table.remove(4);
  expect([...table].map(({ id }) => id)).toEqual([2]);
});

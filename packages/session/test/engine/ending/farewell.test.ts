import { describe, expect, it } from 'vitest';
import { Farewell } from '../../../src/engine/ending/farewell.ts';

const REPLY_MS = 1000;
const MAX_REPLY_MS = 4000;
const PEER_GOODBYE = { code: 0, message: 'theirs', received: { '1': 2 } };

describe('the side that leaves', () => {
  it('says goodbye when all is sent, and is through when the peer has answered', () => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    expect([farewell.state, farewell.deadlineMs]).toEqual(['none', Infinity]);
    farewell.begin('local', 0, 'ours', 3000);
    expect([farewell.state, farewell.deadlineMs]).toEqual(['draining', 3000]);
    expect([farewell.isGoodbyeDue(false, 2999), farewell.isGoodbyeDue(true, 0)]).toEqual([false, true]);
    farewell.handleGoodbyeSent(500);
    expect([farewell.state, farewell.deadlineMs, farewell.isOver(500)]).toEqual(['said', 1500, false]);
    farewell.handlePeerGoodbye(PEER_GOODBYE);
    expect(farewell.isOver(501)).toBe(true);
    expect(farewell.reason).toEqual({ by: 'local', code: 'ERR_TCPCOMM_CLOSED', message: 'ours', isClean: true });
    expect(farewell.peerReceived).toEqual({ '1': 2 });
  });

  it('says goodbye when the time to drain has passed, and does not wait for an answer for ever', () => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    farewell.begin('local', 0, 'ours', 3000);
    expect(farewell.isGoodbyeDue(false, 3000)).toBe(true);
    farewell.handleGoodbyeSent(3000);
    expect([farewell.isOver(3999), farewell.isOver(4000), farewell.reason.isClean]).toEqual([false, true, false]);
  });

  it('waits longer for a peer that still sends what it has queued, but not for ever', () => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    farewell.begin('local', 0, 'ours', 3000);
    farewell.handleGoodbyeSent(0);
    farewell.handleReceived(900);
    expect([farewell.deadlineMs, farewell.isOver(1800), farewell.isOver(1900)]).toEqual([1900, false, true]);
    farewell.handleReceived(3800);
    expect([farewell.deadlineMs, farewell.isOver(4000)]).toEqual([4000, true]);
  });

  it.each([
    ['sooner', 1000, 1000],
    ['later', 9000, 3000],
  ])('that wants to leave %s the second time may only shorten', (_what, againMs, expectedMs) => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    farewell.begin('local', 0, 'first', 3000);
    farewell.begin('local', 36, 'second', againMs);
    expect([farewell.deadlineMs, farewell.words]).toEqual([expectedMs, { code: 0, message: 'first' }]);
  });
});

describe('the side that is left', () => {
  it('answers when it has drained, with the words it was given, and is through at once', () => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    farewell.handlePeerGoodbye({ code: 36, message: 'theirs', received: {} });
    farewell.begin('remote', 36, 'theirs', 3000);
    expect(farewell.reason.isClean).toBe(false);
    expect(farewell.isGoodbyeDue(true, 0)).toBe(true);
    expect(farewell.words).toEqual({ code: 36, message: 'theirs' });
    farewell.handleGoodbyeSent(0);
    expect(farewell.isOver(0)).toBe(true);
    expect(farewell.reason).toMatchObject({ by: 'remote', code: 'ERR_TCPCOMM_DISCONNECTED_BY_SERVER', isClean: true });
  });

  it('that wanted to leave itself goes on with its own reason', () => {
    const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
    farewell.begin('local', 0, 'ours', 9000);
    farewell.handlePeerGoodbye(PEER_GOODBYE);
    farewell.begin('remote', 0, 'theirs', 3000);
    expect([farewell.deadlineMs, farewell.words.message]).toEqual([3000, 'ours']);
    farewell.handleGoodbyeSent(10);
    expect([farewell.isOver(10), farewell.reason.by]).toEqual([true, 'local']);
  });
});

it('both at the same moment are through with the goodbye of the other', () => {
  const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
  farewell.begin('local', 0, 'ours', 3000);
  farewell.handleGoodbyeSent(0);
  farewell.handlePeerGoodbye(PEER_GOODBYE);
  farewell.begin('remote', 0, 'theirs', 3000);
  expect([farewell.isOver(0), farewell.reason.isClean, farewell.reason.message]).toEqual([true, true, 'ours']);
});

it('nothing is due when it is over', () => {
  const farewell = new Farewell(REPLY_MS, MAX_REPLY_MS);
  farewell.begin('local', 0, 'ours', 3000);
  farewell.end();
  expect([farewell.state, farewell.deadlineMs]).toEqual(['over', Infinity]);
  expect([farewell.isGoodbyeDue(true, 9999), farewell.isOver(9999)]).toEqual([false, false]);
});

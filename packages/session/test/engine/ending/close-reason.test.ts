import { ConnectionLostError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { errorOfClosing, failureReason, goodbyeReason } from '../../../src/engine/ending/close-reason.ts';

describe('what everything that waited rejects with', () => {
  it.each([
    ['local', 0, 'bye', 'the session was closed'],
    ['remote', 0, 'bye', 'the session was closed by the peer'],
    ['remote', 36, 'you talk too much', 'the session was closed by the peer: you talk too much'],
  ] as const)('after a goodbye (%s, %i) is a SessionClosedError that says who', (by, number, message, expected) => {
    const error = errorOfClosing(goodbyeReason(by, number, message, true));
    expect(error).toMatchObject({ name: 'SessionClosedError', code: 'ERR_TCPCOMM_SESSION_CLOSED', message: expected });
  });

  it('after a failure is the failure', () => {
    const failure = new ConnectionLostError('gone');
    const reason = failureReason('network', failure);
    expect(reason).toEqual({
      by: 'network',
      code: 'ERR_TCPCOMM_CONNECTION_LOST',
      message: 'gone',
      isClean: false,
      error: failure,
    });
    expect(errorOfClosing(reason)).toBe(failure);
  });
});

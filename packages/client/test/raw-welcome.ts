import { rawFrame, rawPreface, SMALL_LIMITS } from '@tcpcomm/test-support';

const WELCOME = {
  sessionId: 1,
  agent: 'raw',
  features: [],
  limits: SMALL_LIMITS,
  blockSizeBytes: 65_536,
  bytesPerSecond: null,
};

/** What a server answers that lets a client in, or something near it. */
export function rawWelcome(changes: object = {}): Buffer {
  return Buffer.concat([rawPreface(), rawFrame(0x11, { payload: { ...WELCOME, ...changes } })]);
}

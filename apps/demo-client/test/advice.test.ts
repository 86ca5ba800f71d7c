import { ArrayTransferError } from '@tcpcomm/large-array';
import { codeOfWireError, TcpCommError, TransferError, UsageError, WireError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { adviceFor } from '../src/advice.ts';
import { IncompleteFolderError } from '../src/incomplete-folder-error.ts';

const where = { host: 'example.test', port: 60_000 };

function advice(code: string, cause?: unknown): string | undefined {
  return adviceFor(new TcpCommError(code, 'message', { cause }), where);
}

describe('when nobody can be connected to, the cause decides', () => {
  const failed = (cause: unknown) => advice('ERR_TCPCOMM_CONNECT_FAILED', cause);
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

  it('refused: start the server, on the default port without naming it', () => {
    expect(failed(refused)).toMatch(/npx --yes pnpm@12 demo:server$/);
  });

  it('refused on all addresses of a name', () => {
    expect(failed(new AggregateError([refused, refused]))).toContain('demo:server');
  });

  it('an unknown name, or anything else', () => {
    expect(failed(Object.assign(new Error('?'), { code: 'ENOTFOUND' }))).toContain('no machine called example.test');
    expect(failed(Object.assign(new Error('?'), { code: 'EHOSTUNREACH' }))).toContain('Check --host and --port');
  });
});

it('says at which end to make room', () => {
  const full = (side: 'local' | 'remote') => adviceFor(new TransferError(WireError.DISK_FULL, 'full', side), where);
  expect(full('local')).toContain('on this machine');
  expect(full('remote')).toContain('at the server');
});

it.each([
  'MACHINE_ID_TAKEN',
  'MACHINE_ID_BLANK',
  'SERVER_FULL',
  'FILES_NOT_OFFERED',
  'FILE_NOT_FOUND',
  'NOT_A_FILE',
  'FILE_ACCESS_DENIED',
  'INVALID_FILE_NAME',
  'PATH_OUTSIDE_ROOT',
  'FILE_EXISTS',
  'FILE_BUSY',
  'DISK_FULL',
  'SOURCE_CHANGED',
  'INTEGRITY_MISMATCH',
  'KEEPALIVE_TIMEOUT',
  'WRITE_STALLED',
  'NO_HANDLER',
  'INVALID_MESSAGE',
] as const)('knows what to do about %s', (name) => {
  expect(advice(codeOfWireError(WireError[name]))).toMatch(/\w{3,}/);
});

it('what is lost with its connection is gone on with by the same command, and so is what is left of a folder', () => {
  expect(advice('ERR_TCPCOMM_CONNECTION_LOST')).toContain('Run the same command again');
  expect(adviceFor(new IncompleteFolderError([]), where)).toContain('Run the same command again');
});

it('an answer that takes too long is given longer', () => {
  expect(advice('ERR_TCPCOMM_REQUEST_TIMEOUT')).toContain('--timeout');
});

it('an image that is too large is to be smaller, one that was lost is sent again', () => {
  const lost = (name: 'ARRAY_TOO_LARGE' | 'ARRAY_ABORTED') =>
    adviceFor(new ArrayTransferError(name, 'no', 'remote'), where);
  expect(lost('ARRAY_TOO_LARGE')).toContain('--width');
  expect(lost('ARRAY_ABORTED')).toBe('Try again.');
});

it('has none where there is nothing to do', () => {
  expect(adviceFor(new UsageError('no'), where)).toBeUndefined();
  expect(adviceFor(new Error('no'), where)).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import {
  ConnectionLostError,
  ConnectionRejectedError,
  InvalidMessageError,
  LimitError,
  PeerError,
  ProtocolError,
  ReplyError,
  RequestError,
  SessionClosedError,
  TcpCommError,
  TimeoutError,
  TransferError,
  UsageError,
  WireError,
} from '../src/index.ts';

const cause = new Error('why');

const errors = [
  { error: new TcpCommError('ERR_TCPCOMM_X', 'm', { cause }), name: 'TcpCommError', code: 'ERR_TCPCOMM_X', cause },
  { error: new UsageError('m'), name: 'UsageError', code: 'ERR_TCPCOMM_USAGE' },
  { error: new UsageError('m', 'ERR_TCPCOMM_Y', { cause }), name: 'UsageError', code: 'ERR_TCPCOMM_Y', cause },
  {
    error: new ProtocolError(WireError.FLOW_CONTROL, 'm', { cause }),
    name: 'ProtocolError',
    code: 'ERR_TCPCOMM_FLOW_CONTROL',
    cause,
    fields: { wireError: 6 },
  },
  { error: new PeerError(9, 'm'), name: 'PeerError', code: 'ERR_TCPCOMM_MESSAGE_TOO_LARGE', fields: { number: 9 } },
  { error: new PeerError(60_000, 'm'), name: 'PeerError', code: 'ERR_TCPCOMM_UNKNOWN', fields: { number: 60_000 } },
  {
    error: new SessionClosedError('m', undefined, { cause }),
    name: 'SessionClosedError',
    code: 'ERR_TCPCOMM_SESSION_CLOSED',
    cause,
  },
  {
    error: new ConnectionLostError('m', { cause }),
    name: 'ConnectionLostError',
    code: 'ERR_TCPCOMM_CONNECTION_LOST',
    cause,
  },
  {
    error: new ConnectionRejectedError(34, 'm', 5000),
    name: 'ConnectionRejectedError',
    code: 'ERR_TCPCOMM_SERVER_FULL',
    fields: { number: 34, retryAfterMs: 5000 },
  },
  {
    error: new ConnectionRejectedError(33, 'm'),
    name: 'ConnectionRejectedError',
    code: 'ERR_TCPCOMM_MACHINE_ID_TAKEN',
    fields: { number: 33, retryAfterMs: undefined },
  },
  {
    error: new LimitError('maxMessageBytes', 10, 11, 'm'),
    name: 'LimitError',
    code: 'ERR_TCPCOMM_LIMIT',
    fields: { limitName: 'maxMessageBytes', limit: 10, actual: 11 },
  },
  {
    error: new TransferError(72, 'm', 'remote', { cause }),
    name: 'TransferError',
    code: 'ERR_TCPCOMM_DISK_FULL',
    cause,
    fields: { number: 72, side: 'remote' },
  },
  {
    error: new RequestError(96, 'm', 'remote', { cause, reason: 'WHY' }),
    name: 'RequestError',
    code: 'ERR_TCPCOMM_REQUEST_FAILED',
    cause,
    fields: { number: 96, side: 'remote', reason: 'WHY' },
  },
  {
    error: new RequestError(97, 'm', 'remote'),
    name: 'RequestError',
    code: 'ERR_TCPCOMM_NO_HANDLER',
    fields: { number: 97, side: 'remote', reason: undefined },
  },
  {
    error: new ReplyError('m', 'WHY', { cause }),
    name: 'ReplyError',
    code: 'ERR_TCPCOMM_REPLY',
    cause,
    fields: { reason: 'WHY' },
  },
  {
    error: new InvalidMessageError('m', { cause }),
    name: 'InvalidMessageError',
    code: 'ERR_TCPCOMM_INVALID_MESSAGE',
    cause,
  },
  { error: new TimeoutError('m'), name: 'TimeoutError', code: 'ERR_TCPCOMM_TIMEOUT' },
  { error: new TimeoutError('m', 'ERR_TCPCOMM_Z'), name: 'TimeoutError', code: 'ERR_TCPCOMM_Z' },
];

describe.each(errors)('$name with code $code', ({ error, name, code, fields, ...expected }) => {
  it('has its name, code, message and fields', () => {
    expect(error).toMatchObject({ name, code, message: 'm', ...fields });
    expect(String(error)).toBe(`${name}: m`);
  });

  it('is an Error, a TcpCommError, and of the class that it is named after', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(TcpCommError);
    expect(error.constructor.name).toBe(name);
    expect(error.stack).toContain(name);
  });

  it('has a cause exactly if one was given', () => {
    expect(Object.hasOwn(error, 'cause')).toBe('cause' in expected);
    expect(error.cause).toBe(expected.cause);
  });
});

import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import * as protocol from '@tcpcomm/protocol';
import { fromCloneable, toCloneable } from '../../src/threads/cloneable.ts';

const { WireError } = protocol;

/** As a port does it. */
function cross(value: unknown): unknown {
  return fromCloneable(structuredClone(toCloneable(value)));
}

const ERRORS: Record<string, Error> = {
  TcpCommError: new protocol.TcpCommError('ERR_TCPCOMM_TEST', 'text'),
  UsageError: new protocol.UsageError('text'),
  ProtocolError: new protocol.ProtocolError(WireError.FLOW_CONTROL, 'text'),
  PeerError: new protocol.PeerError(3, 'text'),
  SessionClosedError: new protocol.SessionClosedError('text'),
  ConnectionLostError: new protocol.ConnectionLostError('text'),
  ConnectionRejectedError: new protocol.ConnectionRejectedError(WireError.SERVER_BUSY, 'text', 1_000),
  LimitError: new protocol.LimitError('maxMessageBytes', 1, 2, 'text'),
  TransferError: new protocol.TransferError(WireError.FILE_NOT_FOUND, 'text', 'remote'),
  RequestError: new protocol.RequestError(WireError.REQUEST_FAILED, 'text', 'remote', { reason: 'WHY' }),
  ReplyError: new protocol.ReplyError('text', 'WHY'),
  InvalidMessageError: new protocol.InvalidMessageError('text'),
  TimeoutError: new protocol.TimeoutError('text'),
  TypeError: new TypeError('text'),
  RangeError: new RangeError('text'),
  'of the system': Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', errno: -111, port: 1 }),
};

function isErrorClass(value: object): boolean {
  return 'prototype' in value && value.prototype instanceof Error;
}

describe('an error on its way to another thread', () => {
  it.each(Object.keys(ERRORS))('%s keeps its class, its text and all that it tells', (name) => {
    const error = ERRORS[name]!;
    const come = cross(error) as Error;
    expect(Object.getPrototypeOf(come)).toBe(Object.getPrototypeOf(error));
    expect(Object.entries(come)).toEqual(Object.entries(error));
    expect(come).toMatchObject({ name: error.name, message: error.message, stack: error.stack });
  });

  it('every class of the protocol is known', () => {
    const classes = Object.entries(protocol).filter(([, value]) => typeof value === 'function' && isErrorClass(value));
    expect(classes.map(([name]) => name).sort()).toEqual(
      Object.keys(ERRORS)
        .filter((name) => name in protocol)
        .sort(),
    );
  });

  it('leaves behind what cannot cross, and is the same otherwise', () => {
    const error = new protocol.TcpCommError('ERR_TCPCOMM_TEST', 'text', { cause: Promise.resolve() });
    const details = {
      socket: new Socket(),
      promise: Promise.resolve(),
      call: () => 1,
      at: new Date(0),
      map: new Map(),
    };
    const come = cross(Object.assign(error, details)) as Error;
    expect(come).toBeInstanceOf(protocol.TcpCommError);
    expect(come.cause).toBeUndefined();
    const nothing = { socket: undefined, promise: undefined, call: undefined };
    expect(come).toMatchObject({ code: 'ERR_TCPCOMM_TEST', ...nothing, at: new Date(0), map: new Map() });
  });

  it('keeps its causes, and is found in what tells of it', () => {
    const cause = new protocol.ConnectionLostError('lost', { cause: new TypeError('deep') });
    const reason = { by: 'network', error: new protocol.SessionClosedError('closed', undefined, { cause }) };
    const come = cross({ list: [reason], at: undefined }) as { list: (typeof reason)[] };
    const error = come.list[0]!.error;
    expect(error).toBeInstanceOf(protocol.SessionClosedError);
    expect(error.cause).toBeInstanceOf(protocol.ConnectionLostError);
    expect((error.cause as Error).cause).toBeInstanceOf(TypeError);
    expect(come.list[0]!.by).toBe('network');
  });

  it('of a class that the other thread does not know is of the nearest one that it does', () => {
    class OwnError extends protocol.UsageError {
      readonly hint = 'own';
    }
    const come = cross(new OwnError('text')) as OwnError;
    expect(Object.getPrototypeOf(come)).toBe(protocol.UsageError.prototype);
    expect(come.hint).toBe('own');
  });

  it('leaves out what cannot cross, and ends where something refers to itself', () => {
    const self: Record<string, unknown> = { run: () => undefined, name: 'self' };
    self.self = self;
    const come = cross(Object.assign(new Error('text'), { self })) as Error & { self: typeof self };
    expect(come.self.name).toBe('self');
    expect(come.self.run).toBeUndefined();
  });
});

import { codeOfWireError, WireError } from './wire-error.ts';

export interface TcpCommErrorOptions {
  readonly cause?: unknown;
}

/**
 * The base of every error that this library throws or rejects with.
 *
 * Programs test `code`, which is stable; people read `message`: what was expected and what came.
 */
export class TcpCommError extends Error {
  override readonly name: string = 'TcpCommError';
  readonly code: string;

  constructor(code: string, message: string, options: TcpCommErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The caller broke the API: an argument out of its range, a method called in a state that does not allow it. */
export class UsageError extends TcpCommError {
  override readonly name = 'UsageError';

  constructor(message: string, code = 'ERR_TCPCOMM_USAGE', options?: TcpCommErrorOptions) {
    super(code, message, options);
  }
}

/** The peer broke the specification. The connection is closed with `wireError` as the reason. */
export class ProtocolError extends TcpCommError {
  override readonly name = 'ProtocolError';
  readonly wireError: WireError;

  constructor(wireError: WireError, message: string, options?: TcpCommErrorOptions) {
    super(codeOfWireError(wireError), message, options);
    this.wireError = wireError;
  }
}

/** The peer closed the connection because, in its view, this side did something wrong. `number` is what it sent. */
export class PeerError extends TcpCommError {
  override readonly name = 'PeerError';
  readonly number: number;

  constructor(number: number, message: string) {
    super(codeOfWireError(number), message);
    this.number = number;
  }
}

/** The session is closed, or the connection was never opened: nothing can be sent or fetched over it. */
export class SessionClosedError extends TcpCommError {
  override readonly name = 'SessionClosedError';

  constructor(message: string, code = 'ERR_TCPCOMM_SESSION_CLOSED', options?: TcpCommErrorOptions) {
    super(code, message, options);
  }
}

/** The network or the peer's process vanished without a goodbye. */
export class ConnectionLostError extends TcpCommError {
  override readonly name = 'ConnectionLostError';

  constructor(message: string, options?: TcpCommErrorOptions) {
    super('ERR_TCPCOMM_CONNECTION_LOST', message, options);
  }
}

/** The server refused this client before the session began. `retryAfterMs` is its advice, where it gave one. */
export class ConnectionRejectedError extends TcpCommError {
  override readonly name = 'ConnectionRejectedError';
  readonly number: number;
  readonly retryAfterMs: number | undefined;

  constructor(number: number, message: string, retryAfterMs?: number) {
    super(codeOfWireError(number), message);
    this.number = number;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Something is larger than a limit of this side or of the peer; nothing of it was sent. */
export class LimitError extends TcpCommError {
  override readonly name = 'LimitError';
  /** The limit's name, as in docs/LIMITS.md. */
  readonly limitName: string;
  readonly limit: number;
  readonly actual: number;

  constructor(limitName: string, limit: number, actual: number, message: string) {
    super('ERR_TCPCOMM_LIMIT', message);
    this.limitName = limitName;
    this.limit = limit;
    this.actual = actual;
  }
}

/** A file transfer failed or was cancelled. `side` tells at whose end the cause lies. */
export class TransferError extends TcpCommError {
  override readonly name = 'TransferError';
  readonly number: number;
  readonly side: 'local' | 'remote';

  constructor(number: number, message: string, side: 'local' | 'remote', options?: TcpCommErrorOptions) {
    super(codeOfWireError(number), message, options);
    this.number = number;
    this.side = side;
  }
}

/**
 * A request has no reply. `side` tells at whose end the cause lies.
 *
 * A handler throws a `ReplyError` to say why; of any other error it is only told that there was one.
 */
export class RequestError extends TcpCommError {
  override readonly name = 'RequestError';
  readonly number: number;
  readonly side: 'local' | 'remote';
  /** What the handler called it; undefined where it said nothing. */
  readonly reason: string | undefined;

  constructor(
    number: number,
    message: string,
    side: 'local' | 'remote',
    options: TcpCommErrorOptions & { readonly reason?: string | undefined } = {},
  ) {
    super(codeOfWireError(number), message, options);
    this.number = number;
    this.side = side;
    this.reason = options.reason;
  }
}

/** Thrown by a handler of requests: message and reason travel to who asked, where those of other errors do not. */
export class ReplyError extends TcpCommError {
  override readonly name = 'ReplyError';
  /** What programs test for: at most 64 characters. */
  readonly reason: string | undefined;

  constructor(message: string, reason?: string, options?: TcpCommErrorOptions) {
    super('ERR_TCPCOMM_REPLY', message, options);
    this.reason = reason;
  }
}

/** A message is not what its channel takes: it cannot be decoded, or does not match the schema. */
export class InvalidMessageError extends TcpCommError {
  override readonly name = 'InvalidMessageError';

  constructor(message: string, options?: TcpCommErrorOptions) {
    super('ERR_TCPCOMM_INVALID_MESSAGE', message, options);
  }
}

/** Something that was waited for did not happen in time. */
export class TimeoutError extends TcpCommError {
  override readonly name = 'TimeoutError';

  constructor(message: string, code = 'ERR_TCPCOMM_TIMEOUT') {
    super(code, message);
  }
}

import { codeOfWireError, SessionClosedError, type TcpCommError, WireError } from '@tcpcomm/protocol';

/** Why a session ended. */
export interface CloseReason {
  /** Who ended it: this program, the peer, or the network. */
  readonly by: 'local' | 'remote' | 'network';
  /** Stable, `ERR_TCPCOMM_CLOSED` for an ordinary goodbye. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** Whether both sides said goodbye, so that each knows what the other received. */
  readonly isClean: boolean;
  /** What went wrong, where something did. */
  readonly error?: TcpCommError;
}

/** A goodbye with a number of the error table. */
export function goodbyeReason(by: 'local' | 'remote', number: number, message: string, isClean: boolean): CloseReason {
  return { by, code: codeOfWireError(number), message, isClean };
}

export function failureReason(by: CloseReason['by'], error: TcpCommError): CloseReason {
  return { by, code: error.code, message: error.message, isClean: false, error };
}

/** The errors of ordinary ends, each made when first asked for. */
const errors = new WeakMap<CloseReason, TcpCommError>();

/** What everything that still waited rejects with when the session has ended for this reason; the same each time. */
export function errorOfClosing(reason: CloseReason): TcpCommError {
  const known = reason.error ?? errors.get(reason);
  if (known) return known;
  // Sessions end all the time, and what ended them is not on the stack, which takes as long as all else of it.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = closedError(reason);
  Error.stackTraceLimit = stackTraceLimit;
  errors.set(reason, error);
  return error;
}

function closedError(reason: CloseReason): SessionClosedError {
  const who = reason.by === 'local' ? 'closed' : 'closed by the peer';
  const detail = reason.code === codeOfWireError(WireError.CLOSED) ? '' : `: ${reason.message}`;
  return new SessionClosedError(`the session was ${who}${detail}`);
}

/** That a peer knows nothing of a session any more. @param unknown what nobody can tell therefore */
export function sessionLost(unknown: string): SessionClosedError {
  const text = `the peer does not know this session any more; ${unknown} is not known`;
  return new SessionClosedError(text, 'ERR_TCPCOMM_SESSION_LOST');
}

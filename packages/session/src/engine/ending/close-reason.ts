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

/** What everything that still waited rejects with when the session has ended for this reason. */
export function errorOfClosing(reason: CloseReason): TcpCommError {
  if (reason.error) return reason.error;
  const who = reason.by === 'local' ? 'closed' : 'closed by the peer';
  const detail = reason.code === codeOfWireError(WireError.CLOSED) ? '' : `: ${reason.message}`;
  return new SessionClosedError(`the session was ${who}${detail}`);
}

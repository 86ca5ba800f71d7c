import { TcpCommError } from '@tcpcomm/protocol';
import type { CloseReason, FileTransfer, RequestHandler } from '@tcpcomm/session';
import type { ServerSession } from './server-session.ts';

/**
 * What a module of handlers exports, at least one of these; each may be asynchronous. The sessions are those of its thread: what they send and are
 * sent crosses no other one.
 */
export interface ServerHandlers {
  /** A session begins. */
  onSession?(session: ServerSession): unknown;
  /** As `ServerOptions.onMessage`. */
  onMessage?(bytes: Uint8Array, channel: number, session: ServerSession): unknown;
  /** Answers requests on all channels for which a session has no handler of its own; which one tells `context.channel`. */
  onRequest?: RequestHandler;
  /** A file begins to move, whichever end asked for it. */
  onTransfer?(transfer: FileTransfer, session: ServerSession): unknown;
  /** A session is over for good. */
  onSessionClosed?(session: ServerSession, reason: CloseReason): unknown;
}

const NAMES = [
  'onSession',
  'onMessage',
  'onRequest',
  'onTransfer',
  'onSessionClosed',
] as const satisfies (keyof ServerHandlers)[];

/**
 * @param timeoutMs how long it may take; Infinity for any time
 * @throws TcpCommError `ERR_TCPCOMM_HANDLERS_FAILED` for a module that is not there, that fails, that takes too long, or that has no handlers
 */
export async function loadHandlers(url: string, timeoutMs: number): Promise<ServerHandlers> {
  const exported = await load(url, timeoutMs);
  const names = NAMES.filter((name) => exported[name] !== undefined);
  if (names.length === 0) throw handlersError(url, `export none of ${NAMES.join(', ')}`);
  const wrong = names.find((name) => typeof exported[name] !== 'function');
  if (wrong !== undefined) throw handlersError(url, `export ${wrong}, which must be a function`);
  return exported;
}

async function load(url: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
  const late = Promise.withResolvers<never>();
  const timer =
    timeoutMs < Infinity &&
    setTimeout(() => {
      late.reject(new Error(`it takes longer than ${timeoutMs} ms`));
    }, timeoutMs);
  try {
    return (await Promise.race([import(url), late.promise])) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw handlersError(url, `cannot be loaded: ${reason}`, cause);
  } finally {
    if (timer) clearTimeout(timer);
  }
}

function handlersError(url: string, problem: string, cause?: unknown): TcpCommError {
  return new TcpCommError('ERR_TCPCOMM_HANDLERS_FAILED', `the handlers ${url} ${problem}`, { cause });
}

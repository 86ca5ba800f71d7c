import {
  decodeFailure,
  encodeConsumed,
  encodeRequestHead,
  Lane,
  laneNumber,
  LimitError,
  RequestError,
  RequestMessage,
  TcpCommError,
} from '@tcpcomm/protocol';
import type { SessionBackend } from '../session-backend.ts';
import { Deadlines, type Waiter } from './deadlines.ts';

/** Takes what comes of a request. */
export interface ReplyTaker extends Waiter {
  handleReply(body: Uint8Array): void;
  handleItem(body: Uint8Array): void;
  handleEnd(): void;
  handleFailed(error: Error): void;
}

/** Requests on one channel whose peer has not had its last word. */
const MAX_OUTSTANDING_REQUESTS = 65_536;
const NO_BODY = new Uint8Array(0);

/** The requests of this end on one channel, from when they are sent until nothing more is to come of them. */
export class OutgoingRequests {
  readonly #channel: number;
  readonly #backend: SessionBackend;
  readonly #pending = new Map<number, ReplyTaker>();
  /** Those that nobody waits for any more, while the peer may not know yet. */
  readonly #abandoned = new Set<number>();
  readonly #deadlines = new Deadlines(this.#pending);
  #lastId = 0;
  /** Up to this one they were of a session that is lost: whatever is said of them means nothing. */
  #lostId = 0;

  constructor(channel: number, backend: SessionBackend) {
    this.#channel = channel;
    this.#backend = backend;
  }

  /**
   * Sends a request, and returns its number.
   *
   * @throws LimitError, and why there is no session to send with
   */
  begin(kind: RequestMessage, body: Uint8Array, taker: ReplyTaker): number {
    const outstanding = this.#pending.size + this.#abandoned.size;
    if (outstanding >= MAX_OUTSTANDING_REQUESTS) throw tooManyRequests(this.#channel, outstanding);
    const id = this.#lastId + 1;
    this.#send(Lane.REQUESTS, kind, id, body);
    this.#lastId = id;
    this.#pending.set(id, taker);
    this.#deadlines.include(taker.deadlineMs);
    return id;
  }

  /** One whose request is pending has a deadline from now on. */
  includeDeadline({ deadlineMs }: ReplyTaker): void {
    this.#deadlines.include(deadlineMs);
  }

  /** Nobody waits for it any more: the peer need not go on. */
  abandon(id: number): void {
    if (!this.#pending.delete(id)) return;
    this.#abandoned.add(id);
    this.#say(RequestMessage.CANCEL, id, NO_BODY);
  }

  /** So many bytes of items have been consumed since the first. */
  sayConsumed(id: number, consumedBytes: number): void {
    if (this.#pending.has(id)) this.#say(RequestMessage.CONSUMED, id, encodeConsumed(consumedBytes));
  }

  /** @throws TcpCommError for what answers nothing */
  handle(kind: number, id: number, body: Uint8Array): void {
    const taker = this.#pending.get(id);
    if (kind !== RequestMessage.ITEM) this.#pending.delete(id);
    if (taker) this.#give(taker, kind, body);
    else if (this.#abandoned.has(id)) this.#handleAbandoned(kind, id);
    else if (id > this.#lostId) throw unexpectedReply(this.#channel, id);
  }

  /** The peer knows nothing of them any more. */
  handleLost(reason: Error): void {
    this.#lostId = this.#lastId;
    this.#abandoned.clear();
    this.#deadlines.clear();
    const takers = [...this.#pending.values()];
    this.#pending.clear();
    for (const taker of takers) taker.handleFailed(reason);
  }

  #give(taker: ReplyTaker, kind: number, body: Uint8Array): void {
    if (kind === RequestMessage.REPLY) taker.handleReply(body);
    else if (kind === RequestMessage.ITEM) taker.handleItem(body);
    else if (kind === RequestMessage.END) taker.handleEnd();
    else taker.handleFailed(failureIn(body));
  }

  #handleAbandoned(kind: number, id: number): void {
    if (kind !== RequestMessage.ITEM) this.#abandoned.delete(id);
  }

  /** @throws LimitError, and why there is no session to send with */
  #send(lane: Lane, kind: RequestMessage, id: number, body: Uint8Array): void {
    const head = encodeRequestHead(kind, id);
    // Nobody waits for room: the number of requests is bounded. What ends the session ends them too.
    this.#backend.send(laneNumber(this.#channel, lane), body, undefined, head).catch(() => undefined);
  }

  #say(kind: RequestMessage, id: number, body: Uint8Array): void {
    try {
      this.#send(Lane.REPLIES, kind, id, body);
    } catch {
      // The session is about to end, and with it all that the peer does for it.
    }
  }
}

function failureIn(body: Uint8Array): Error {
  try {
    const { code, message, reason } = decodeFailure(body);
    return new RequestError(code, message, 'remote', { reason });
  } catch (error) {
    return error as Error;
  }
}

function tooManyRequests(channel: number, outstanding: number): LimitError {
  return new LimitError(
    'maxOutstandingRequests',
    MAX_OUTSTANDING_REQUESTS,
    outstanding,
    `${outstanding} requests on channel ${channel} wait for the peer, more than ${MAX_OUTSTANDING_REQUESTS} may not`,
  );
}

function unexpectedReply(channel: number, id: number): TcpCommError {
  const text = `a reply to request ${id} on channel ${channel}, which does not wait for one`;
  return new TcpCommError('ERR_TCPCOMM_UNEXPECTED_REPLY', text);
}

import {
  encodeFailure,
  encodeRequestHead,
  Lane,
  laneNumber,
  LimitError,
  ReplyError,
  RequestError,
  type RequestFailure,
  RequestMessage,
  TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import { DEFAULT_HIGH_WATER_MARK } from '../channel-settings.ts';
import { Fifo } from '../engine/fifo.ts';
import type { Session } from '../session.ts';
import type { SessionBackend } from '../session-backend.ts';
import type { LaneOwner } from '../session-lanes.ts';
import { IncomingRequest } from './incoming-request.ts';
import { InvalidRequestError } from './invalid-request-error.ts';
import type { RequestHandler } from './request-options.ts';

/** Requests of one channel that are handled at the same time; the others wait, and then the peer. */
const MAX_RUNNING_REQUESTS = 1_024;
/** Requests that the peer has cancelled before they came. */
const MAX_EARLY_CANCELS = 65_536;
const NO_BODY = new Uint8Array(0);

interface WaitingRequest {
  readonly request: IncomingRequest;
  readonly taken: () => void;
}

/** The peer's requests on one channel: those that wait for a place, those that are being handled, and how they are answered. */
export class IncomingRequests {
  readonly channel: number;
  readonly #owner: LaneOwner;
  readonly #backend: SessionBackend;
  readonly #lane: number;
  /** Of the session itself. */
  handler: RequestHandler | undefined;
  readonly #waiting = new Fifo<WaitingRequest>();
  /** Those that have not been answered. */
  readonly #open = new Map<number, IncomingRequest>();
  /** How many handlers have not settled, answered or not. */
  #running = 0;
  readonly #earlyCancels = new Set<number>();
  #lastId = 0;
  #lastSent: Promise<void> = Promise.resolve();

  constructor(channel: number, owner: LaneOwner, backend: SessionBackend) {
    this.channel = channel;
    this.#owner = owner;
    this.#backend = backend;
    this.#lane = laneNumber(channel, Lane.REPLIES);
  }

  get session(): Session {
    return this.#owner.session;
  }

  /**
   * A request has come. Returns whether it waits for a place; `taken` is called when it has one.
   *
   * @throws TcpCommError for a number that has been
   */
  handleRequest(id: number, body: Uint8Array, takesItems: boolean, taken: () => void): boolean {
    if (id <= this.#lastId) throw repeatedRequest(this.channel, id);
    this.#lastId = id;
    const request = new IncomingRequest(this, id, body, takesItems);
    this.#open.set(id, request);
    if (this.#earlyCancels.delete(id)) this.handleCancel(id);
    else if (this.#running < MAX_RUNNING_REQUESTS) this.#begin(request);
    else {
      this.#waiting.push({ request, taken });
      return true;
    }
    return false;
  }

  /** Who asked does not wait any more. */
  handleCancel(id: number): void {
    const request = this.#open.get(id);
    if (request) {
      request.abort(new RequestError(WireError.REQUEST_CANCELLED, 'the peer has cancelled the request', 'remote'));
      this.answerFailed(request, { code: WireError.REQUEST_CANCELLED, message: 'cancelled' });
    } else if (id > this.#lastId && this.#earlyCancels.size < MAX_EARLY_CANCELS) this.#earlyCancels.add(id);
  }

  handleConsumed(id: number, consumedBytes: number): void {
    this.#open.get(id)?.handleConsumed(consumedBytes);
  }

  /** Nobody waits for replies to anything that has come so far. */
  handleLost(reason: Error): void {
    this.#lastId = 0;
    this.#earlyCancels.clear();
    this.#waiting.removeAll();
    const requests = [...this.#open.values()];
    this.#open.clear();
    for (const request of requests) request.abort(reason);
  }

  /** Whether it still wants an answer. */
  isOpen(request: IncomingRequest): boolean {
    return this.#open.get(request.id) === request;
  }

  /** Sends one item of a reply, if it is still wanted; resolves when there is room for more. */
  async sendItem({ id }: IncomingRequest, item: Uint8Array): Promise<void> {
    await this.#send(RequestMessage.ITEM, id, item);
  }

  /** Says the last word on a request, if it has not been said. */
  answer(request: IncomingRequest, kind: RequestMessage, body: Uint8Array = NO_BODY): void {
    if (!this.isOpen(request)) return;
    this.#open.delete(request.id);
    void this.#send(kind, request.id, body).catch((error: unknown) => {
      // The peer would not take a message of that size, but this one; where the session has ended, nobody waits.
      if (!(error instanceof LimitError)) return;
      void this.#send(RequestMessage.FAILED, request.id, encodeFailure(failureOf(error))).catch(() => undefined);
    });
  }

  /** A handler failed: who asked is told as much as the error is meant to say. */
  answerFailure(request: IncomingRequest, error: unknown): void {
    if (!isMeantForPeer(error)) this.#owner.handleFailure(error);
    this.answerFailed(request, failureOf(error));
  }

  /** There is no reply, and why. */
  answerFailed(request: IncomingRequest, failure: RequestFailure): void {
    this.answer(request, RequestMessage.FAILED, encodeFailure(failure));
  }

  #begin(request: IncomingRequest): void {
    if (!this.isOpen(request)) return;
    const handler = this.handler ?? this.#owner.handlerFor(this.channel);
    if (handler === undefined) {
      const message = `nobody answers requests on channel ${this.channel}`;
      this.answerFailed(request, { code: WireError.NO_HANDLER, message });
      return;
    }
    this.#running += 1;
    const settled = request.run(handler);
    if (settled) void settled.then(this.#handleSettled);
    else this.#running -= 1;
  }

  readonly #handleSettled = () => {
    this.#running -= 1;
    for (let next = this.#waiting.removeFirst(); next; next = this.#waiting.removeFirst()) {
      next.taken();
      this.#begin(next.request);
      if (this.#running >= MAX_RUNNING_REQUESTS) return;
    }
  };

  /** At once while there is room in the queue: most replies need not wait, and cost no more than they must. */
  #send(kind: RequestMessage, id: number, body: Uint8Array): Promise<void> {
    try {
      const isQueueFull = this.#backend.queuedBytesOf(this.#lane) > DEFAULT_HIGH_WATER_MARK;
      this.#lastSent = isQueueFull ? this.#sendLater(kind, id, body) : this.#sendNow(kind, id, body);
      return this.#lastSent;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #sendNow(kind: RequestMessage, id: number, body: Uint8Array): Promise<void> {
    return this.#backend.send(this.#lane, body, undefined, encodeRequestHead(kind, id));
  }

  /** When the one before has left. The queue itself is not waited for: what was lost with a connection may fill it, and waits in it for the next one. */
  async #sendLater(kind: RequestMessage, id: number, body: Uint8Array): Promise<void> {
    const before = this.#lastSent;
    // Whoever gave it may go on to use its memory. A Buffer would not copy by `slice`.
    const copy = new Uint8Array(body);
    await before.catch(() => undefined);
    await this.#sendNow(kind, id, copy);
  }
}

/** Whether what it says was said for who asked. */
function isMeantForPeer(error: unknown): boolean {
  return error instanceof ReplyError || error instanceof InvalidRequestError;
}

function failureOf(error: unknown): RequestFailure {
  if (error instanceof ReplyError) {
    const { message, reason } = error;
    return { code: WireError.REQUEST_FAILED, message, ...(reason !== undefined && { reason }) };
  }
  if (error instanceof LimitError) return { code: WireError.MESSAGE_TOO_LARGE, message: error.message };
  if (error instanceof InvalidRequestError) return { code: WireError.INVALID_MESSAGE, message: error.message };
  return { code: WireError.REQUEST_FAILED, message: 'the handler of the request failed' };
}

function repeatedRequest(channel: number, id: number): TcpCommError {
  const text = `a second request ${id} on channel ${channel}`;
  return new TcpCommError('ERR_TCPCOMM_REPEATED_REQUEST', text);
}

import {
  REPLY_WINDOW_BYTES,
  REQUEST_HEAD_BYTES,
  RequestError,
  RequestMessage,
  requireBytes,
  UsageError,
  WireError,
} from '@tcpcomm/protocol';
import type { Session } from '../session.ts';
import type { IncomingRequests } from './incoming-requests.ts';
import type { Reply, RequestContext, RequestHandler } from './request-options.ts';

/** One request of the peer, as its handler meets it. */
export class IncomingRequest implements RequestContext {
  readonly id: number;
  readonly #requests: IncomingRequests;
  readonly #body: Uint8Array;
  readonly #takesItems: boolean;
  /** Made when somebody asks for the signal, which few do. */
  #abort: AbortController | undefined;
  #abortReason: Error | undefined;
  #sentBytes = 0;
  #consumedBytes = 0;
  /** Waits until more may be sent. */
  #room: PromiseWithResolvers<void> | undefined;

  constructor(requests: IncomingRequests, id: number, body: Uint8Array, takesItems: boolean) {
    this.#requests = requests;
    this.id = id;
    this.#body = body;
    this.#takesItems = takesItems;
  }

  get channel(): number {
    return this.#requests.channel;
  }

  get session(): Session {
    return this.#requests.session;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#abortReason) this.#abort.abort(this.#abortReason);
    return this.#abort.signal;
  }

  /** Has it handled; resolves when the handler has settled, or returns undefined if it has already. */
  run(handler: RequestHandler): Promise<void> | undefined {
    try {
      const result = handler(this.#body, this);
      if (isThenable(result) || isIterable(result)) return this.#follow(result);
      this.#reply(result);
    } catch (error) {
      this.#requests.answerFailure(this, error);
    }
    return undefined;
  }

  /** Nobody wants the reply any more. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#abort?.abort(reason);
    this.#room?.resolve();
  }

  handleConsumed(consumedBytes: number): void {
    // No more can have been consumed than was sent.
    this.#consumedBytes = Math.min(this.#sentBytes, Math.max(this.#consumedBytes, consumedBytes));
    this.#room?.resolve();
  }

  async #follow(result: PromiseLike<Reply> | AsyncIterable<Uint8Array>): Promise<void> {
    try {
      const reply = await result;
      if (isIterable(reply)) await this.#sendItems(reply);
      else this.#reply(reply);
    } catch (error) {
      this.#requests.answerFailure(this, error);
    }
  }

  #reply(reply: Uint8Array | undefined): void {
    requireReply(reply);
    this.#requests.answer(this, RequestMessage.REPLY, reply);
  }

  async #sendItems(items: AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.#takesItems) {
      const message = 'the reply comes in items; ask with requestStream';
      this.#requests.answerFailed(this, { code: WireError.REPLY_IN_ITEMS, message });
      this.abort(new RequestError(WireError.REPLY_IN_ITEMS, 'the peer takes no reply in items', 'remote'));
    }
    for await (const item of items) {
      requireBytes('an item of a reply', item);
      while (this.#requests.isOpen(this) && this.#sentBytes - this.#consumedBytes >= REPLY_WINDOW_BYTES) {
        this.#room = Promise.withResolvers();
        await this.#room.promise;
      }
      // Left by a return, the loop ends what it iterates too.
      if (!this.#requests.isOpen(this)) return;
      this.#sentBytes += item.length + REQUEST_HEAD_BYTES;
      await this.#requests.sendItem(this, item);
    }
    this.#requests.answer(this, RequestMessage.END);
  }
}

/** @throws UsageError for what no handler may return */
function requireReply(reply: unknown): void {
  if (reply === undefined || reply instanceof Uint8Array) return;
  const got = typeof reply === 'object' ? 'another object' : `a ${typeof reply}`;
  throw new UsageError(
    `a handler of requests must return a Uint8Array, nothing, or an AsyncIterable of them, got ${got}`,
  );
}

function isThenable(value: unknown): value is PromiseLike<Reply> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function isIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

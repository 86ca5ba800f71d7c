import { REPLY_WINDOW_BYTES, REQUEST_HEAD_BYTES, RequestError, WireError } from '@tcpcomm/protocol';
import { Fifo } from '../engine/fifo.ts';
import { timedOut } from './deadlines.ts';
import type { OutgoingRequests, ReplyTaker } from './outgoing-requests.ts';
import type { WaitingOptions } from './request-options.ts';

type Step = IteratorResult<Uint8Array, undefined>;

const DONE: Step = { done: true, value: undefined };

/**
 * The items of a reply, to be iterated once. The peer produces them as they are consumed, a window ahead; who leaves the loop lets it
 * know that no more are wanted.
 */
export class ReplyStream implements ReplyTaker, AsyncIterableIterator<Uint8Array, undefined> {
  /** Of the request; known when it has been sent. */
  id = 0;
  /** Of the next item, while it is waited for. */
  deadlineMs = Infinity;
  readonly #requests: OutgoingRequests;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #items = new Fifo<Uint8Array>();
  /** Those who wait for the next item, in the order of asking. */
  readonly #waiting = new Fifo<PromiseWithResolvers<Step>>();
  #receivedBytes = 0;
  #consumedBytes = 0;
  /** What of that the peer has been told. */
  #toldBytes = 0;
  #isOver = false;
  /** Why it is over before its end; whoever asks next is told. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(requests: OutgoingRequests, { timeoutMs, signal }: WaitingOptions) {
    this.#requests = requests;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#handleAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const item = this.#items.removeFirst();
    if (item !== undefined) {
      this.#handleConsumed(item);
      return Promise.resolve({ done: false, value: item });
    }
    if (this.#failure) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(reason);
    }
    if (this.#isOver) return Promise.resolve(DONE);
    const step = Promise.withResolvers<Step>();
    this.#waiting.push(step);
    if (this.deadlineMs === Infinity) this.#startTime();
    return step.promise;
  }

  return(): Promise<Step> {
    this.#items.removeAll();
    this.#failure = undefined;
    if (!this.#isOver) this.#requests.abandon(this.id);
    this.#end(undefined);
    return Promise.resolve(DONE);
  }

  handleReply(body: Uint8Array): void {
    this.handleItem(body);
    this.#end(undefined);
  }

  handleItem(body: Uint8Array): void {
    if (this.#receivedBytes - this.#toldBytes >= REPLY_WINDOW_BYTES) {
      this.#giveUp(
        new RequestError(WireError.FLOW_CONTROL, 'the peer sends items that nobody has asked for', 'remote'),
      );
      return;
    }
    this.#receivedBytes += body.length + REQUEST_HEAD_BYTES;
    const step = this.#waiting.removeFirst();
    if (step === undefined) {
      this.#items.push(body);
      return;
    }
    if (this.#waiting.first) this.#startTime();
    else this.deadlineMs = Infinity;
    this.#handleConsumed(body);
    step.resolve({ done: false, value: body });
  }

  handleEnd(): void {
    this.#end(undefined);
  }

  handleFailed(error: Error): void {
    this.#end({ reason: error });
  }

  handleTimeout(): void {
    this.#giveUp(timedOut(this.#timeoutMs));
  }

  readonly #handleAbort = () => {
    this.#giveUp(this.#signal?.reason);
  };

  #giveUp(reason: unknown): void {
    this.#items.removeAll();
    this.#requests.abandon(this.id);
    this.#end({ reason });
  }

  #end(failure: { readonly reason: unknown } | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#handleAbort);
    this.deadlineMs = Infinity;
    const [first, ...others] = this.#waiting.removeAll();
    // Of several who wait the first is told; the others find that it is over.
    if (failure && first) first.reject(failure.reason);
    else first?.resolve(DONE);
    for (const step of others) step.resolve(DONE);
    if (first === undefined) this.#failure = failure;
  }

  /** The next item may take so long. */
  #startTime(): void {
    this.deadlineMs = performance.now() + this.#timeoutMs;
    this.#requests.includeDeadline(this);
  }

  #handleConsumed(item: Uint8Array): void {
    this.#consumedBytes += item.length + REQUEST_HEAD_BYTES;
    if (this.#isOver || this.#consumedBytes - this.#toldBytes < REPLY_WINDOW_BYTES / 2) return;
    this.#toldBytes = this.#consumedBytes;
    this.#requests.sayConsumed(this.id, this.#consumedBytes);
  }
}

import { RequestError, WireError } from '@tcpcomm/protocol';
import { timedOut } from './deadlines.ts';
import type { OutgoingRequests, ReplyTaker } from './outgoing-requests.ts';
import type { WaitingOptions } from './request-options.ts';

/** Waits for the one reply to a request: until it comes, its time is over, or nobody wants it any more. */
export class SingleReply implements ReplyTaker {
  /** Of the request; known when it has been sent. */
  id = 0;
  readonly deadlineMs: number;
  readonly #requests: OutgoingRequests;
  readonly #resolve: (reply: Uint8Array) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  #handleAbort: (() => void) | undefined;

  constructor(
    requests: OutgoingRequests,
    { timeoutMs, signal }: WaitingOptions,
    resolve: (reply: Uint8Array) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#requests = requests;
    this.#resolve = resolve;
    this.#reject = reject;
    this.deadlineMs = performance.now() + timeoutMs;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    if (signal === undefined) return;
    this.#handleAbort = () => this.#giveUp(signal.reason);
    signal.addEventListener('abort', this.#handleAbort, { once: true });
  }

  handleReply(body: Uint8Array): void {
    this.#release();
    this.#resolve(body);
  }

  handleItem(): void {
    this.#giveUp(repliedInItems());
  }

  handleEnd(): void {
    this.handleFailed(repliedInItems());
  }

  handleFailed(error: Error): void {
    this.#release();
    this.#reject(error);
  }

  handleTimeout(): void {
    this.#giveUp(timedOut(this.#timeoutMs));
  }

  /** Waits no longer, and lets the peer know. */
  #giveUp(reason: unknown): void {
    this.#release();
    this.#requests.abandon(this.id);
    this.#reject(reason);
  }

  #release(): void {
    if (this.#handleAbort) this.#signal?.removeEventListener('abort', this.#handleAbort);
  }
}

function repliedInItems(): RequestError {
  return new RequestError(WireError.REPLY_IN_ITEMS, 'the reply comes in items; ask with requestStream', 'remote');
}

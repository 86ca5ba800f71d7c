import { RequestError, TimeoutError, WireError } from '@tcpcomm/protocol';
import type { OutgoingRequests, ReplyTaker } from './outgoing-requests.ts';
import type { WaitingOptions } from './request-options.ts';

/** Waits for the one reply to a request: until it comes, its time is over, or nobody wants it any more. */
export class SingleReply implements ReplyTaker {
  /** Of the request; known when it has been sent. */
  id = 0;
  readonly #requests: OutgoingRequests;
  readonly #resolve: (reply: Uint8Array) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    requests: OutgoingRequests,
    { timeoutMs, signal }: WaitingOptions,
    resolve: (reply: Uint8Array) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#requests = requests;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#handleAbort, { once: true });
    this.#timer = startTimer(timeoutMs, () => {
      this.giveUp(timedOut(timeoutMs));
    });
  }

  handleReply(body: Uint8Array): void {
    this.#release();
    this.#resolve(body);
  }

  handleItem(): void {
    this.giveUp(repliedInItems());
  }

  handleEnd(): void {
    this.handleFailed(repliedInItems());
  }

  handleFailed(error: Error): void {
    this.#release();
    this.#reject(error);
  }

  /** Waits no longer, and lets the peer know. */
  giveUp(reason: unknown): void {
    this.#release();
    this.#requests.abandon(this.id);
    this.#reject(reason);
  }

  readonly #handleAbort = () => {
    this.giveUp(this.#signal?.reason);
  };

  #release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#handleAbort);
  }
}

/** The longest that a timer of Node.js takes; what is longer is as good as for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function startTimer(timeoutMs: number, handle: () => void): NodeJS.Timeout | undefined {
  return timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(handle, timeoutMs);
}

export function timedOut(timeoutMs: number): TimeoutError {
  return new TimeoutError(`no reply within ${timeoutMs} ms`, 'ERR_TCPCOMM_REQUEST_TIMEOUT');
}

function repliedInItems(): RequestError {
  return new RequestError(WireError.REPLY_IN_ITEMS, 'the reply comes in items; ask with requestStream', 'remote');
}

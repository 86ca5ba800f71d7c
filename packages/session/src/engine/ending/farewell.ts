import type { GoAway } from '@tcpcomm/protocol';
import { type CloseReason, goodbyeReason } from './close-reason.ts';

/**
 * `none`; `draining`: a side has said that it leaves and what is queued here is still sent; `said`: this side has said
 * goodbye and waits for the peer's; `over`.
 */
export type FarewellState = 'none' | 'draining' | 'said' | 'over';

/** How a session ends in good order, as state (docs/PROTOCOL.md §8). */
export class Farewell {
  readonly #replyMs: number;
  readonly #maxReplyMs: number;
  #state: FarewellState = 'none';
  #by: 'local' | 'remote' = 'local';
  #code = 0;
  #message = '';
  /** Until when the present state may last. */
  #untilMs = Infinity;
  /** Beyond which no sign of life prolongs the wait for the peer's goodbye. */
  #latestMs = Infinity;
  #peerGoodbye: GoAway | undefined;

  /**
   * @param replyMs how long a goodbye waits for the peer's answer while nothing comes
   * @param maxReplyMs how long it waits while the peer is still sending what it has queued
   */
  constructor(replyMs: number, maxReplyMs: number) {
    this.#replyMs = replyMs;
    this.#maxReplyMs = maxReplyMs;
  }

  get state(): FarewellState {
    return this.#state;
  }

  get deadlineMs(): number {
    return this.#untilMs;
  }

  /** What the peer received, by its own word; undefined before its goodbye. */
  get peerReceived(): Readonly<Record<string, number>> | undefined {
    return this.#peerGoodbye?.received;
  }

  get reason(): CloseReason {
    return goodbyeReason(
      this.#by,
      this.#code,
      this.#message,
      this.#peerGoodbye !== undefined && this.#state !== 'draining',
    );
  }

  /** This side leaves, or the peer's goodbye makes it leave; what is queued may be sent until `drainUntilMs`. */
  begin(by: 'local' | 'remote', code: number, message: string, drainUntilMs: number): void {
    if (this.#state !== 'none') {
      // The second wish to leave can only shorten the first.
      if (this.#state === 'draining') this.#untilMs = Math.min(this.#untilMs, drainUntilMs);
      return;
    }
    this.#state = 'draining';
    this.#by = by;
    this.#code = code;
    this.#message = message;
    this.#untilMs = drainUntilMs;
  }

  handlePeerGoodbye(goodbye: GoAway): void {
    this.#peerGoodbye = goodbye;
  }

  /** Whether this side's goodbye is to be sent now. */
  isGoodbyeDue(isDrained: boolean, nowMs: number): boolean {
    return this.#state === 'draining' && (isDrained || nowMs >= this.#untilMs);
  }

  handleGoodbyeSent(nowMs: number): void {
    this.#state = 'said';
    this.#untilMs = nowMs + this.#replyMs;
    this.#latestMs = nowMs + this.#maxReplyMs;
  }

  /** Bytes have come: a peer that is still sending has not said its goodbye yet, and will. */
  handleReceived(nowMs: number): void {
    if (this.#state === 'said') this.#untilMs = Math.min(nowMs + this.#replyMs, this.#latestMs);
  }

  /** Whether both have said goodbye, or the peer's answer is overdue. */
  isOver(nowMs: number): boolean {
    return this.#state === 'said' && (this.#peerGoodbye !== undefined || nowMs >= this.#untilMs);
  }

  end(): void {
    this.#state = 'over';
    this.#untilMs = Infinity;
  }

  /** The words of this side's own goodbye: an answer repeats the reason that was given. */
  get words(): { readonly code: number; readonly message: string } {
    return { code: this.#code, message: this.#message };
  }
}

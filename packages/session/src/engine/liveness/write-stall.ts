/**
 * Notices a peer that takes nothing any more. It may still be alive, and send; but when bytes are in flight and none of them is
 * acknowledged for `timeoutMs`, what is queued here would wait for ever. Any progress counts, as little as it may be.
 */
export class WriteStall {
  readonly #timeoutMs: number;
  /** Since when the peer has owed an acknowledgement. */
  #sinceMs = Infinity;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get deadlineMs(): number {
    return this.#sinceMs + this.#timeoutMs;
  }

  handleSent(nowMs: number): void {
    if (this.#sinceMs === Infinity) this.#sinceMs = nowMs;
  }

  /** The peer has acknowledged more than before. */
  handleProgress(isAnythingInFlight: boolean, nowMs: number): void {
    this.#sinceMs = isAnythingInFlight ? nowMs : Infinity;
  }
}

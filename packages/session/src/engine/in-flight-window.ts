import { ProtocolError, WireError } from '@tcpcomm/protocol';

/**
 * Bytes sent and not yet acknowledged by the receiving program, held below a bound. What the bound keeps back waits in
 * our own queues, where something more urgent can still overtake it; once it is in the kernel's buffer nothing can.
 */
export class InFlightWindow {
  readonly #limitBytes: number;
  #sentBytes = 0;
  #acknowledgedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get inFlightBytes(): number {
    return this.#sentBytes - this.#acknowledgedBytes;
  }

  /** Whether another frame may leave. One that begins below the bound may end above it. */
  get isOpen(): boolean {
    return this.inFlightBytes < this.#limitBytes;
  }

  handleSent(frameBytes: number): void {
    this.#sentBytes += frameBytes;
  }

  /** @throws ProtocolError for a counter that moves backwards or past what was sent */
  handleAcknowledged(totalBytes: number): void {
    if (totalBytes < this.#acknowledgedBytes || totalBytes > this.#sentBytes) {
      throw new ProtocolError(
        WireError.INVALID_ACKNOWLEDGEMENT,
        `ACK of ${totalBytes} bytes, expected between ${this.#acknowledgedBytes} and ${this.#sentBytes}`,
      );
    }
    this.#acknowledgedBytes = totalBytes;
  }
}

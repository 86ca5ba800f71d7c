import { Fifo } from '../fifo.ts';

/** Who sent something, and wants to know when it has arrived. */
export interface AcknowledgedSource {
  /** So many more of its frame bytes have arrived, in the order in which they were sent. */
  handleAcknowledged(bytes: number): void;
}

/**
 * Bytes of one source that left one behind the other. How many, not where in the stream: that goes beyond 2^31 one day, and then V8 would
 * compile whoever makes such an object again and again, always in vain. Each request makes one.
 */
interface Run {
  readonly source: AcknowledgedSource;
  /** Of those, the ones that have not been acknowledged. */
  bytes: number;
}

/** Whose the bytes are that were sent on this connection and have not been acknowledged, in the order of sending. */
export class Unacknowledged {
  readonly #runs = new Fifo<Run>();

  handleSent(source: AcknowledgedSource, bytes: number): void {
    const { last } = this.#runs;
    if (last?.source === source) last.bytes += bytes;
    else this.#runs.push({ source, bytes });
  }

  /** The peer has so many more of them, no more than there are. */
  handleAcknowledged(bytes: number): void {
    let rest = bytes;
    for (let run = this.#runs.first; run !== undefined && rest > 0; run = this.#runs.first) {
      const taken = Math.min(run.bytes, rest);
      rest -= taken;
      run.bytes -= taken;
      if (run.bytes === 0) this.#runs.removeFirst();
      run.source.handleAcknowledged(taken);
    }
  }
}

import { Fifo } from '../fifo.ts';

/** Who sent something, and wants to know when it has arrived. */
export interface AcknowledgedSource {
  /** So many more of its frame bytes have arrived, in the order in which they were sent. */
  handleAcknowledged(bytes: number): void;
}

/** Bytes of one source that left one behind the other. */
interface Run {
  readonly source: AcknowledgedSource;
  /** Of the bytes sent on this connection, the last that is not of this run. */
  startBytes: number;
  endBytes: number;
}

/** Whose the bytes are that were sent on this connection and have not been acknowledged, in the order of sending. */
export class Unacknowledged {
  readonly #runs = new Fifo<Run>();
  #sentBytes = 0;

  handleSent(source: AcknowledgedSource, bytes: number): void {
    const startBytes = this.#sentBytes;
    this.#sentBytes += bytes;
    const { last } = this.#runs;
    if (last?.source === source) last.endBytes = this.#sentBytes;
    else this.#runs.push({ source, startBytes, endBytes: this.#sentBytes });
  }

  /** The peer has all bytes up to this one. */
  handleAcknowledged(receivedBytes: number): void {
    for (let run = this.#runs.first; run !== undefined && run.startBytes < receivedBytes; run = this.#runs.first) {
      const end = Math.min(run.endBytes, receivedBytes);
      run.source.handleAcknowledged(end - run.startBytes);
      run.startBytes = end;
      if (end < run.endBytes) return;
      this.#runs.removeFirst();
    }
  }
}

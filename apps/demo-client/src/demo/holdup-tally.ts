import type { SendingView } from '@tcpcomm/demo-server';
import { median } from './median.ts';

type LimitedBy = SendingView['limitedBy'];

/** What held files back, of all the looks at them while they were sent. */
export interface Holdup {
  readonly limitedBy: LimitedBy;
  /** Of the looks, 0 to 1. */
  readonly share: number;
}

/** Counts what the ends that send files say while they do: what holds each file back, and how far the peer is. */
export class HoldupTally {
  readonly #looks = new Map<LimitedBy, number>();
  readonly #roundTripsMs: number[] = [];

  add({ limitedBy, roundTripMs }: SendingView): void {
    this.#looks.set(limitedBy, (this.#looks.get(limitedBy) ?? 0) + 1);
    if (roundTripMs !== undefined) this.#roundTripsMs.push(roundTripMs);
  }

  /** The most frequent one first. */
  get holdups(): Holdup[] {
    const all = [...this.#looks.values()].reduce((sum, looks) => sum + looks, 0);
    return [...this.#looks]
      .map(([limitedBy, looks]) => ({ limitedBy, share: looks / all }))
      .sort((a, b) => b.share - a.share);
  }

  /** The median, undefined if nobody knew one. */
  get roundTripMs(): number | undefined {
    return median(this.#roundTripsMs);
  }
}

export const TRAFFIC_KINDS = ['messages', 'requests', 'arrays'] as const;

export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

/** One kind of what goes from one end to the other in a soak. It knows what must come of it, and looks whether that is so. */
export interface Traffic {
  readonly kind: TrafficKind;
  /** How many are sent. */
  readonly total: number;
  /** What one takes on the connection, more or less, both ways together. */
  readonly averageBytes: number;
  /** How many have come to their end, whatever that was to be. */
  readonly ended: number;
  /** Whatever is lost, comes twice, or is changed. */
  readonly violations: readonly string[];
  /** Sends the one of that number, from 0 on; resolves when the next may follow. */
  send(number: number): Promise<void>;
  /** Resolves when all have come to their end; rejects where something of them goes on. */
  settled(): Promise<void>;
  /** Nothing of it will be sent or received any more. */
  end(): void;
}

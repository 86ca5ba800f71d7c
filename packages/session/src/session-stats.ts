import type { ChannelSnapshot, EngineSnapshot } from './engine/engine-observer.ts';
import type { TransferStats } from './file-transfer.ts';
import { RateMeter } from './rate-meter.ts';

/** A channel since the session began. Bytes are frame bytes: payloads and their headers. */
export interface ChannelStats extends ChannelSnapshot {
  /** Measured since an earlier look, as of the session. */
  readonly sentBytesPerSecond: number;
  readonly receivedBytesPerSecond: number;
}

/**
 * A session since it began. Bytes are frame bytes of messages and files.
 *
 * Rates are measured from one look to another: since the latest one that is at least a second old, or else since the first one,
 * and at the very first look since the session began.
 */
export interface SessionStats extends Omit<EngineSnapshot, 'channels'> {
  readonly sentMessages: number;
  readonly receivedMessages: number;
  readonly sentBytesPerSecond: number;
  readonly receivedBytesPerSecond: number;
  /** The session's limit for both directions together, Infinity for none. */
  readonly limitBytesPerSecond: number;
  /** Each channel that was used, in the order of their numbers. */
  readonly channels: readonly ChannelStats[];
  /** The transfers that run. */
  readonly transfers: readonly TransferStats[];
}

interface DirectionMeters {
  readonly sent: RateMeter;
  readonly received: RateMeter;
}

/** No channel has this number. */
const SESSION = 0;

/** Makes statistics of what the engine counts anyway. Nothing is computed but when asked for. */
export class StatsReader {
  readonly #beganMs: number;
  /** Of each channel, and of the session in the place of the channel that is none; made at the first look. */
  readonly #meters: (DirectionMeters | undefined)[] = [];
  /** What earlier connections of the session have moved. */
  #earlierSentBytes = 0;
  #earlierReceivedBytes = 0;

  constructor(nowMs: number) {
    this.#beganMs = nowMs;
  }

  /** Another connection carries the session from now on. */
  handleConnectionOver(last: EngineSnapshot): void {
    this.#earlierSentBytes += last.sentBytes;
    this.#earlierReceivedBytes += last.receivedBytes;
  }

  /** @param ofConnection where the connection stands that carries the session now, or did last */
  read(ofConnection: EngineSnapshot, limitBytesPerSecond: number, nowMs: number): Omit<SessionStats, 'transfers'> {
    const snapshot = {
      ...ofConnection,
      sentBytes: this.#earlierSentBytes + ofConnection.sentBytes,
      receivedBytes: this.#earlierReceivedBytes + ofConnection.receivedBytes,
    };
    const sum = (count: (channel: ChannelSnapshot) => number) =>
      snapshot.channels.reduce((total, channel) => total + count(channel), 0);
    return {
      ...snapshot,
      ...measure(this.#metersOf(SESSION), snapshot, nowMs),
      sentMessages: sum((channel) => channel.sentMessages),
      receivedMessages: sum((channel) => channel.receivedMessages),
      limitBytesPerSecond,
      channels: snapshot.channels.map((channel) => ({
        ...channel,
        ...measure(this.#metersOf(channel.channel), channel, nowMs),
      })),
    };
  }

  #metersOf(channel: number): DirectionMeters {
    return (this.#meters[channel] ??= this.#createMeters());
  }

  #createMeters(): DirectionMeters {
    return { sent: new RateMeter(this.#beganMs), received: new RateMeter(this.#beganMs) };
  }
}

function measure(
  { sent, received }: DirectionMeters,
  counts: { readonly sentBytes: number; readonly receivedBytes: number },
  nowMs: number,
): { readonly sentBytesPerSecond: number; readonly receivedBytesPerSecond: number } {
  return {
    sentBytesPerSecond: sent.measure(counts.sentBytes, nowMs),
    receivedBytesPerSecond: received.measure(counts.receivedBytes, nowMs),
  };
}

/** What there is to say before there is a connection. */
export const NO_STATS: Omit<SessionStats, 'transfers'> = {
  sentBytes: 0,
  receivedBytes: 0,
  withheldBytes: 0,
  queuedBytes: 0,
  inFlightBytes: 0,
  inFlightLimitBytes: 0,
  roundTripMs: undefined,
  minRoundTripMs: undefined,
  deliveryBytesPerSecond: undefined,
  limitedBy: 'application',
  sentMessages: 0,
  receivedMessages: 0,
  sentBytesPerSecond: 0,
  receivedBytesPerSecond: 0,
  limitBytesPerSecond: Infinity,
  channels: [],
};

import { channelOfLane } from '@tcpcomm/protocol';
import type { ChannelTable } from './channel-table.ts';
import type { IncomingChannel } from './receiving/incoming-channel.ts';
import type { OutgoingChannel } from './sending/outgoing-channel.ts';
import type { FrameSender, SendingBound } from './sending/frame-sender.ts';
import type { Receipt } from './receiving/receipt.ts';
import type { Priority, SendPolicy } from './sending/send-policy.ts';
import type { TransferExchange } from './transfers/transfer-exchange.ts';

/**
 * What holds sending back: the `throttle` (the session's rate, the server's total, or a rate of its own), the `peer-window`
 * (the receiving application has not taken what it was sent), the `link`, or nothing but the `application`, which gives no more.
 */
export type LimitedBy = 'throttle' | 'peer-window' | 'link' | 'application';

/** All lanes of a channel together. Bytes are frame bytes: payloads and their headers. */
export interface ChannelSnapshot {
  readonly channel: number;
  readonly priority: Priority;
  readonly weight: number;
  /** The channel's own limit, Infinity for none. */
  readonly bytesPerSecond: number;
  readonly sentBytes: number;
  readonly sentMessages: number;
  readonly receivedBytes: number;
  readonly receivedMessages: number;
  readonly queuedBytes: number;
  readonly queuedMessages: number;
  readonly limitedBy: LimitedBy;
}

/** Where a session stands, counted since it began. Bytes are frame bytes of messages and files. */
export interface EngineSnapshot {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of the received bytes, those whose acknowledgement the throttle holds back. */
  readonly withheldBytes: number;
  /** Bytes of messages that wait to be sent. */
  readonly queuedBytes: number;
  /** Sent and not acknowledged by the peer's program. */
  readonly inFlightBytes: number;
  /** How much may be in flight at present. */
  readonly inFlightLimitBytes: number;
  /** Smoothed, undefined while it is not known. */
  readonly roundTripMs: number | undefined;
  /** The least of the last 10 s or so. */
  readonly minRoundTripMs: number | undefined;
  /** The most that the link has delivered of late, undefined while it is not known. */
  readonly deliveryBytesPerSecond: number | undefined;
  readonly limitedBy: LimitedBy;
  /** Each channel that was used, in the order of their numbers. */
  readonly channels: readonly ChannelSnapshot[];
}

/** Something that sends, as far as it matters to what holds it back. */
export interface LimitedSource {
  readonly hasQueued: boolean;
  readonly isReady: boolean;
  readonly policy: SendPolicy;
}

/** The parts of a session that it is looked at by. */
export interface ObservedParts {
  readonly sender: FrameSender;
  readonly receipt: Receipt;
  readonly channels: ChannelTable;
  readonly transfers: TransferExchange;
}

/** What can be said of a running session. Computed when asked for; nothing is kept for it but counters that are needed anyway. */
export class EngineObserver {
  readonly #parts: ObservedParts;

  constructor(parts: ObservedParts) {
    this.#parts = parts;
  }

  /** Where the session stands now. */
  snapshot(nowMs: number): EngineSnapshot {
    const { sender, receipt, channels, transfers } = this.#parts;
    const { window, bound, sentBytes } = sender;
    const { receivedBytes, withheldBytes } = receipt;
    const { queuedBytes } = channels;
    return {
      sentBytes,
      receivedBytes,
      withheldBytes,
      queuedBytes,
      inFlightBytes: window.inFlightBytes,
      inFlightLimitBytes: window.limitBytes,
      roundTripMs: finiteOrUndefined(window.roundTripMs),
      minRoundTripMs: finiteOrUndefined(window.minRoundTripMs),
      deliveryBytesPerSecond: window.deliveryRateBytesPerSecond === 0 ? undefined : window.deliveryRateBytesPerSecond,
      limitedBy: limitOfSession(bound, queuedBytes > 0 || transfers.hasQueued),
      channels: this.#channelSnapshots(nowMs),
    };
  }

  /** What holds one of its channels or transfers back. */
  limitOf(source: LimitedSource, nowMs: number): LimitedBy {
    if (!source.hasQueued) return 'application';
    if (!source.isReady) return 'peer-window';
    return source.policy.delayMs(nowMs) > 0 || this.#parts.sender.bound === 'throttle' ? 'throttle' : 'link';
  }

  #channelSnapshots(nowMs: number): ChannelSnapshot[] {
    const lanes = this.#parts.channels.usedNumbers;
    const channels = [...new Set(lanes.map(channelOfLane))].sort((one, other) => one - other);
    return channels.map((channel) => {
      const own = lanes.filter((lane) => channelOfLane(lane) === channel && lane !== channel);
      return this.#channelSnapshot(channel, own, nowMs);
    });
  }

  /** @param furtherLanes those beside its messages that were used */
  #channelSnapshot(channel: number, furtherLanes: readonly number[], nowMs: number): ChannelSnapshot {
    const { channels } = this.#parts;
    const { policy } = channels.outgoing(channel);
    const lanes = [channel, ...furtherLanes].map((lane) => [channels.outgoing(lane), channels.incoming(lane)] as const);
    const sum = (count: (outgoing: OutgoingChannel, incoming: IncomingChannel) => number) =>
      lanes.reduce((total, [outgoing, incoming]) => total + count(outgoing, incoming), 0);
    const [waiting] = lanes.find(([{ hasQueued }]) => hasQueued) ?? lanes[0]!;
    return {
      channel,
      priority: policy.priority,
      weight: policy.weight,
      bytesPerSecond: policy.bytesPerSecond,
      sentBytes: sum(({ sentFrameBytes }) => sentFrameBytes),
      sentMessages: sum(({ sentMessages }) => sentMessages),
      receivedBytes: sum((_, { receivedFrameBytes }) => receivedFrameBytes),
      receivedMessages: sum((_, { receivedMessages }) => receivedMessages),
      queuedBytes: sum(({ queuedBytes }) => queuedBytes),
      queuedMessages: sum(({ acceptedMessages, sentMessages }) => acceptedMessages - sentMessages),
      limitedBy: this.limitOf(waiting, nowMs),
    };
  }
}

function limitOfSession(bound: SendingBound, hasQueued: boolean): LimitedBy {
  if (bound !== 'nothing-to-send') return bound;
  return hasQueued ? 'peer-window' : 'application';
}

function finiteOrUndefined(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

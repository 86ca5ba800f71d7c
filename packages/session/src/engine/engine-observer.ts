import type { ChannelTable } from './channel-table.ts';
import type { FrameSender, SendingBound } from './sending/frame-sender.ts';
import type { Receipt } from './receiving/receipt.ts';
import type { Priority, SendPolicy } from './sending/send-policy.ts';
import type { TransferExchange } from './transfers/transfer-exchange.ts';

/**
 * What holds sending back: the `throttle` (the session's rate, the server's total, or a rate of its own), the `peer-window`
 * (the receiving application has not taken what it was sent), the `link`, or nothing but the `application`, which gives no more.
 */
export type LimitedBy = 'throttle' | 'peer-window' | 'link' | 'application';

/** Bytes are frame bytes: payloads and their headers. */
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
      channels: channels.usedNumbers.map((channel) => this.#channelSnapshot(channel, nowMs)),
    };
  }

  /** What holds one of its channels or transfers back. */
  limitOf(source: LimitedSource, nowMs: number): LimitedBy {
    if (!source.hasQueued) return 'application';
    if (!source.isReady) return 'peer-window';
    return source.policy.delayMs(nowMs) > 0 || this.#parts.sender.bound === 'throttle' ? 'throttle' : 'link';
  }

  #channelSnapshot(channel: number, nowMs: number): ChannelSnapshot {
    const { channels } = this.#parts;
    const [outgoing, incoming] = [channels.outgoing(channel), channels.incoming(channel)];
    const { policy, acceptedMessages, sentMessages } = outgoing;
    return {
      channel,
      priority: policy.priority,
      weight: policy.weight,
      bytesPerSecond: policy.bytesPerSecond,
      sentBytes: outgoing.sentFrameBytes,
      sentMessages,
      receivedBytes: incoming.receivedFrameBytes,
      receivedMessages: incoming.receivedMessages,
      queuedBytes: outgoing.queuedBytes,
      queuedMessages: acceptedMessages - sentMessages,
      limitedBy: this.limitOf(outgoing, nowMs),
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

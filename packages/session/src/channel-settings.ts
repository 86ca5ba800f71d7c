import { requireInteger, requireOneOf, requireOptions } from '@tcpcomm/protocol';
import type { Conversation } from './engine/conversation.ts';
import { requireSendPolicy, type SendPolicyOptions } from './engine/sending/send-policy.ts';

export interface ChannelOptions extends SendPolicyOptions {
  /** Bytes in the queue above which `send` makes its caller wait. 0 to 2^53 - 1; default 1 MiB. */
  readonly highWaterMark?: number;
  /**
   * Whose the memory of received messages is. `owned`, the default: the application's, for good. `lent`: the application's until its
   * handler has settled (a listener of an event: has returned), or its loop asks for the next message; after that the session
   * receives into it again, so what is to last must be copied. Spares the work of new memory: large messages arrive twice as fast.
   */
  readonly messageMemory?: MessageOwnership;
}

const OWNERSHIPS = ['owned', 'lent'] as const;
export type MessageOwnership = (typeof OWNERSHIPS)[number];

export const DEFAULT_HIGH_WATER_MARK = 1_048_576;

/** What the program has set for its channels, also while there is no connection yet. */
export class ChannelSettings {
  /** By the number of the lane: a channel's own is that of its messages. */
  readonly #lanes = new Map<number, ChannelOptions>();

  highWaterMark(lane: number): number {
    return this.#lanes.get(lane)?.highWaterMark ?? DEFAULT_HIGH_WATER_MARK;
  }

  /**
   * Takes what is given; the rest stays.
   *
   * @throws UsageError for an option out of its range
   */
  change(lane: number, options: ChannelOptions, conversation: Conversation | undefined): void {
    const given = requireChannelOptions(options);
    if (Object.keys(given).length === 0) return;
    this.#lanes.set(lane, { ...this.#lanes.get(lane), ...given });
    if (conversation) apply(lane, given, conversation);
  }

  /** There is something to hold for now. */
  applyTo(conversation: Conversation): void {
    for (const [lane, options] of this.#lanes) apply(lane, options, conversation);
  }
}

/** What of the options is given. @throws UsageError for an option out of its range */
export function requireChannelOptions(options: ChannelOptions): ChannelOptions {
  requireOptions('options', options);
  const { highWaterMark, messageMemory, priority, weight, bytesPerSecond } = options;
  requireSendPolicy(options);
  if (messageMemory !== undefined) requireOneOf('messageMemory', messageMemory, OWNERSHIPS);
  if (highWaterMark !== undefined) requireInteger('highWaterMark', highWaterMark, 0, Number.MAX_SAFE_INTEGER);
  return {
    ...(highWaterMark !== undefined && { highWaterMark }),
    ...(messageMemory !== undefined && { messageMemory }),
    ...(priority !== undefined && { priority }),
    ...(weight !== undefined && { weight }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}

function apply(lane: number, options: ChannelOptions, conversation: Conversation): void {
  const { messageMemory, priority, weight, bytesPerSecond } = options;
  if (messageMemory !== undefined) conversation.setLending(lane, messageMemory === 'lent');
  if (priority === undefined && weight === undefined && bytesPerSecond === undefined) return;
  conversation.changePolicy(conversation.channels.outgoing(lane).policy, options, performance.now());
}

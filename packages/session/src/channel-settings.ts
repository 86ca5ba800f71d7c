import { requireInteger, requireOneOf, requireOptions } from '@tcpcomm/protocol';
import type { SessionEngine } from './engine/session-engine.ts';
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

const DEFAULT_HIGH_WATER_MARK = 1_048_576;

/** What the program has set for its channels, also while there is no connection yet. */
export class ChannelSettings {
  readonly #highWaterMarks: (number | undefined)[] = [];
  readonly #policies = new Map<number, SendPolicyOptions>();
  readonly #ownerships = new Map<number, MessageOwnership>();

  highWaterMark(channel: number): number {
    return this.#highWaterMarks[channel] ?? DEFAULT_HIGH_WATER_MARK;
  }

  /**
   * Takes what is given; the rest stays.
   *
   * @throws UsageError for an option out of its range
   */
  change(channel: number, options: ChannelOptions, engine: SessionEngine | undefined): void {
    requireOptions('options', options);
    const { highWaterMark, messageMemory, priority, weight, bytesPerSecond } = options;
    requireSendPolicy(options);
    if (messageMemory !== undefined) requireOneOf('messageMemory', messageMemory, OWNERSHIPS);
    if (highWaterMark !== undefined) {
      requireInteger('highWaterMark', highWaterMark, 0, Number.MAX_SAFE_INTEGER);
      this.#highWaterMarks[channel] = highWaterMark;
    }
    if (messageMemory !== undefined) {
      this.#ownerships.set(channel, messageMemory);
      engine?.setLending(channel, messageMemory === 'lent');
    }
    const given: SendPolicyOptions = {
      ...(priority !== undefined && { priority }),
      ...(weight !== undefined && { weight }),
      ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    };
    if (Object.keys(given).length === 0) return;
    const policy = { ...this.#policies.get(channel), ...given };
    this.#policies.set(channel, policy);
    if (engine) this.#apply(channel, policy, engine);
  }

  /** There is a connection now. */
  applyTo(engine: SessionEngine): void {
    for (const [channel, policy] of this.#policies) this.#apply(channel, policy, engine);
    for (const [channel, ownership] of this.#ownerships) engine.setLending(channel, ownership === 'lent');
  }

  #apply(channel: number, options: SendPolicyOptions, engine: SessionEngine): void {
    engine.changePolicy(engine.outgoingChannel(channel).policy, options, performance.now());
  }
}

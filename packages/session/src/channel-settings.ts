import { requireInteger, requireOptions } from '@tcpcomm/protocol';
import type { SessionEngine } from './engine/session-engine.ts';
import { requireSendPolicy, type SendPolicyOptions } from './engine/sending/send-policy.ts';

export interface ChannelOptions extends SendPolicyOptions {
  /** Bytes in the queue above which `send` makes its caller wait. 0 to 2^53 - 1; default 1 MiB. */
  readonly highWaterMark?: number;
}

const DEFAULT_HIGH_WATER_MARK = 1_048_576;

/** What the program has set for its channels, also while there is no connection yet. */
export class ChannelSettings {
  readonly #highWaterMarks: (number | undefined)[] = [];
  readonly #policies = new Map<number, SendPolicyOptions>();

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
    const { highWaterMark, priority, weight, bytesPerSecond } = options;
    requireSendPolicy(options);
    if (highWaterMark !== undefined) {
      requireInteger('highWaterMark', highWaterMark, 0, Number.MAX_SAFE_INTEGER);
      this.#highWaterMarks[channel] = highWaterMark;
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
  }

  #apply(channel: number, options: SendPolicyOptions, engine: SessionEngine): void {
    engine.changePolicy(engine.outgoingChannel(channel).policy, options, performance.now());
  }
}

import { Lane, laneNumber, requireOptions, UsageError } from '@tcpcomm/protocol';
import { requireSendPolicy, type SendPolicyOptions } from './engine/sending/send-policy.ts';
import { Inbox } from './inbox.ts';
import { fillYoungGeneration } from './io/young-generation.ts';
import type { SessionBackend } from './session-backend.ts';
import type { LaneOwner } from './session-lanes.ts';

/** Takes what comes on the lane of arrays of a channel. */
export interface ArrayReceiver {
  /** One message after another; the bytes are the receiver's until it returns. */
  handleMessage(bytes: Uint8Array): void;
  /** There is a peer that knows nothing of what was under way: the first one, or because the session was lost. */
  handleReset(reason: Error): void;
  /** It is over: nothing more will come or go. */
  handleEnd(reason: Error): void;
}

/** The lane of arrays of a channel: messages to the peer and from it, whole and in order. What `@tcpcomm/large-array` sends arrays over. */
export interface ArrayPort {
  /** The largest message that the peer takes; 0 before there is a session. */
  readonly maxMessageBytes: number;
  /** Sends a message; resolves when it has left the queue. The bytes are not copied: they stay as they are until they have arrived. */
  send(bytes: Uint8Array): Promise<void>;
  /**
   * Has what comes handed over; until then it waits, and so does the peer. Returns what ends that.
   *
   * @throws UsageError where somebody receives already
   */
  receive(receiver: ArrayReceiver): () => void;
}

/** The lanes of arrays of a session. */
export class ArrayLanes {
  readonly #owner: Pick<LaneOwner, 'handleFailure'>;
  readonly #backend: SessionBackend;
  readonly #receivers = new Map<number, ArrayReceiver>();
  readonly #inboxes = new Map<number, Inbox>();
  /** Why the session has ended. */
  #endReason: Error | undefined;

  constructor(owner: Pick<LaneOwner, 'handleFailure'>, backend: SessionBackend) {
    this.#owner = owner;
    this.#backend = backend;
  }

  /** @throws UsageError for an option out of its range */
  open(channel: number, options: SendPolicyOptions): ArrayPort {
    requireOptions('options', options);
    requireSendPolicy(options);
    const lane = laneNumber(channel, Lane.ARRAYS);
    // Who sends arrays bounds by itself what it gives, and is to know what has gone.
    this.#backend.changeChannel(lane, { ...options, messageMemory: 'lent', highWaterMark: 0 });
    const backend = this.#backend;
    return {
      get maxMessageBytes() {
        return backend.maxMessageBytes;
      },
      send: async (bytes) => backend.send(lane, bytes, undefined),
      receive: (receiver) => this.#receive(lane, receiver),
    };
  }

  handleMessage(lane: number, bytes: Uint8Array, creditBytes: number, epoch: number): void {
    this.#inboxOf(lane).deliver(bytes, creditBytes, epoch);
  }

  /** There is a peer that knows nothing of what was under way, if anything was. */
  handleNewPeer(reason: Error): void {
    for (const inbox of this.#inboxes.values()) inbox.drop();
    for (const receiver of this.#receivers.values()) receiver.handleReset(reason);
  }

  handleEnd(reason: Error): void {
    this.#endReason = reason;
    for (const receiver of this.#receivers.values()) receiver.handleEnd(reason);
  }

  #receive(lane: number, receiver: ArrayReceiver): () => void {
    if (this.#receivers.has(lane)) throw new UsageError('arrays of this channel are received already');
    this.#receivers.set(lane, receiver);
    const reason = this.#endReason;
    queueMicrotask(() => {
      if (this.#receivers.get(lane) !== receiver) return;
      if (reason) receiver.handleEnd(reason);
      else this.#inboxes.get(lane)?.resume();
    });
    return () => {
      if (this.#receivers.get(lane) === receiver) this.#receivers.delete(lane);
    };
  }

  #inboxOf(lane: number): Inbox {
    const known = this.#inboxes.get(lane);
    if (known) return known;
    const inbox = new Inbox(lane, {
      isListening: () => this.#receivers.has(lane),
      consume: (bytes) => {
        // It is copied into the memory of an array.
        fillYoungGeneration(bytes.length);
        this.#receivers.get(lane)?.handleMessage(bytes);
      },
      handleFailure: this.#owner.handleFailure.bind(this.#owner),
      returnCredit: this.#backend.consume.bind(this.#backend),
    });
    this.#inboxes.set(lane, inbox);
    return inbox;
  }
}

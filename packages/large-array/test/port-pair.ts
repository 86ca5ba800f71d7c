import { letTurnsPass } from '@tcpcomm/test-support';
import type { ArrayPort, ArrayReceiver } from '../src/index.ts';

interface Message {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Where messages are handed over from: used again for each, as a session does that lends its memory. */
const lentMemory = new Uint8Array(2_097_152);

/** One end of a pair: what is sent stays where it is, uncopied, until the test has it delivered. */
export class TestPort implements ArrayPort {
  maxMessageBytes: number | undefined;
  /** Above this, `send` makes its caller wait. */
  roomBytes = 0;
  /** What `send` does in place of sending. */
  failure: Error | undefined;
  receiver: ArrayReceiver | undefined;
  /** How many messages were ever given to it. */
  sentMessages = 0;
  readonly #queue: Message[] = [];
  /** How many of the queue are delivered. */
  #delivered = 0;
  #queuedBytes = 0;
  #peer!: TestPort;

  static pair(): [TestPort, TestPort] {
    const [left, right] = [new TestPort(), new TestPort()];
    left.#peer = right;
    right.#peer = left;
    return [left, right];
  }

  /** What waits to be delivered. */
  get waiting(): readonly Uint8Array[] {
    return this.#queue.slice(this.#delivered).map(({ bytes }) => bytes);
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.sentMessages += 1;
    if (this.failure) throw this.failure;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#queue.push({ bytes, resolve: () => resolve(undefined), reject });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes <= this.roomBytes) resolve(undefined);
    return promise;
  }

  receive(receiver: ArrayReceiver): () => void {
    if (this.receiver) throw new Error('somebody receives already');
    this.receiver = receiver;
    return () => {
      if (this.receiver === receiver) this.receiver = undefined;
    };
  }

  /** Hands the oldest message that was sent here to the other end; returns whether there was one that could be. */
  deliver(): boolean {
    if (this.#delivered === this.#queue.length || this.#peer.receiver === undefined) return false;
    const { bytes, resolve } = this.#queue[this.#delivered]!;
    this.#delivered += 1;
    this.#queuedBytes -= bytes.length;
    this.#peer.take(bytes);
    resolve();
    return true;
  }

  /** Hands over a message as if the peer had sent it: in memory that is full of something else right after, if it is not the receiver's. */
  take(bytes: Uint8Array): void {
    const lent = lentMemory.subarray(1, 1 + bytes.length);
    lent.set(bytes);
    this.receiver?.handleMessage(lent);
    lent.fill(0xa5);
  }

  /** What was sent and not delivered is lost. */
  lose(reason: Error): void {
    for (const { reject } of this.#queue.splice(this.#delivered)) reject(reason);
    this.#queuedBytes = 0;
  }
}

/** A port that hands over what it is given before `send` returns. */
export class DirectPort implements ArrayPort {
  receiver: ArrayReceiver | undefined;
  #peer!: DirectPort;

  static pair(): [DirectPort, DirectPort] {
    const [left, right] = [new DirectPort(), new DirectPort()];
    left.#peer = right;
    right.#peer = left;
    return [left, right];
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#peer.receiver?.handleMessage(bytes);
  }

  receive(receiver: ArrayReceiver): () => void {
    this.receiver = receiver;
    return () => void (this.receiver = undefined);
  }
}

/** Delivers until nothing is under way any more in either direction. */
export async function deliverAll(...ports: readonly TestPort[]): Promise<void> {
  do await letTurnsPass(1);
  while (ports.map((port) => deliverWaiting(port)).includes(true));
}

/** Delivers so many messages, each when all that the one before it has set off is done. */
export async function deliverSome(port: TestPort, messages: number): Promise<void> {
  for (let step = 0; step < messages; step += 1) {
    port.deliver();
    await letTurnsPass(1);
  }
}

function deliverWaiting(port: TestPort): boolean {
  let isAnything = false;
  while (port.deliver()) isAnything = true;
  return isAnything;
}

/** Both ends are told that what was under way is lost. */
export function resetBoth(left: TestPort, right: TestPort, reason: Error): void {
  for (const port of [left, right]) port.lose(reason);
  for (const port of [left, right]) port.receiver?.handleReset(reason);
}

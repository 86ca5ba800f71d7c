import type { ReplyItems, RequestHandler, RequestOptions } from './requests/request-options.ts';
import type { SendOptions } from './send-options.ts';
import type { ChannelStats } from './session-stats.ts';

/** What a channel needs of its session. */
export interface ChannelPort {
  sendBytes(bytes: Uint8Array, channel: number, options?: SendOptions): Promise<void>;
  sendText(text: string, channel: number, options?: SendOptions): Promise<void>;
  queuedBytes(channel: number): number;
  stats(channel: number): ChannelStats | undefined;
  messages(channel: number): AsyncGenerator<Uint8Array, void, void>;
  request(channel: number, bytes: Uint8Array, options?: RequestOptions): Promise<Uint8Array>;
  requestStream(channel: number, bytes: Uint8Array, options?: RequestOptions): ReplyItems;
  onRequest(channel: number, handler: RequestHandler): () => void;
  /** Something came that is of no use, and nobody else is told. */
  reportFailure(error: unknown): void;
}

/**
 * One of the 250 channels of a session: its messages keep their order and do not wait for those of other channels.
 *
 * Iterating receives its messages, in place of the session's handlers, until the loop is left or the session ends.
 */
export class Channel implements AsyncIterable<Uint8Array> {
  readonly number: number;
  readonly #port: ChannelPort;

  /** Made by `session.channel`. */
  constructor(port: ChannelPort, number: number) {
    this.#port = port;
    this.number = number;
  }

  /** As `session.sendBytes` on this channel. */
  send(bytes: Uint8Array, options?: SendOptions): Promise<void> {
    return this.#port.sendBytes(bytes, this.number, options);
  }

  /** As `session.sendText` on this channel. */
  sendText(text: string, options?: SendOptions): Promise<void> {
    return this.#port.sendText(text, this.number, options);
  }

  /** As `session.request` on this channel. */
  request(bytes: Uint8Array, options?: RequestOptions): Promise<Uint8Array> {
    return this.#port.request(this.number, bytes, options);
  }

  /** As `session.requestStream` on this channel. */
  requestStream(bytes: Uint8Array, options?: RequestOptions): ReplyItems {
    return this.#port.requestStream(this.number, bytes, options);
  }

  /** As `session.onRequest` on this channel. */
  onRequest(handler: RequestHandler): () => void {
    return this.#port.onRequest(this.number, handler);
  }

  /** Bytes of messages that wait to be sent on this channel. */
  get queuedBytes(): number {
    return this.#port.queuedBytes(this.number);
  }

  /** What was sent and received on it, how fast, and what holds it back; undefined while nothing was. */
  stats(): ChannelStats | undefined {
    return this.#port.stats(this.number);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    return this.#port.messages(this.number);
  }
}

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidMessageError, UsageError } from '@tcpcomm/protocol';
import type { ChannelPort } from './channel.ts';
import type { ChannelOptions } from './channel-settings.ts';
import type { Codec } from './codec.ts';
import { MessageFormat } from './message-format.ts';
import { InvalidRequestError } from './requests/invalid-request-error.ts';
import type { Reply, RequestHandler, RequestOptions } from './requests/request-options.ts';
import type { SendOptions } from './send-options.ts';
import type { ChannelStats } from './session-stats.ts';

export interface TypedChannelOptions<Sent, Received> extends ChannelOptions {
  /** How values become bytes and values again. */
  readonly codec: Codec<Sent>;
  /** What of the messages and requests that come is let through, and made of them: any validator with the Standard Schema interface. */
  readonly schema?: StandardSchemaV1<unknown, Received>;
  /**
   * Takes messages that are not what the channel takes; the others go on. Default: a notice of the session of kind `error`. A request that is not
   * is answered with an error.
   */
  readonly onInvalid?: (error: InvalidMessageError, bytes: Uint8Array) => void;
}

export interface TypedRequestOptions<Received> extends RequestOptions {
  /** What of replies is let through, and made of them. Default: whatever the codec gives. */
  readonly schema?: StandardSchemaV1<unknown, Received>;
}

/**
 * A channel whose messages, requests and replies are values. What comes is decoded, checked, and what is wrong disturbs nothing that follows.
 *
 * Iterating receives its messages, as that of a `Channel` does.
 */
export class TypedChannel<Sent, Received = Sent> implements AsyncIterable<Received> {
  readonly number: number;
  readonly #port: ChannelPort;
  readonly #format: MessageFormat<Sent, Received>;
  readonly #onInvalid: TypedChannelOptions<Sent, Received>['onInvalid'];

  /** Made by `session.channel`. @throws UsageError for options that are none */
  constructor(port: ChannelPort, number: number, options: TypedChannelOptions<Sent, Received>) {
    const { codec, schema, onInvalid } = options;
    if (onInvalid !== undefined && typeof onInvalid !== 'function')
      throw new UsageError('onInvalid must be a function');
    this.#port = port;
    this.number = number;
    this.#format = new MessageFormat(codec, schema);
    this.#onInvalid = onInvalid;
  }

  /** As `session.sendBytes` on this channel; rejects with a UsageError for a value that the codec has no form for. */
  async send(value: Sent, options?: SendOptions): Promise<void> {
    await this.#port.sendBytes(this.#format.encode(value), this.number, options);
  }

  /** As `session.request` on this channel; rejects with an InvalidMessageError for a reply that is not what it must be. */
  async request<Answer = Sent>(value: Sent, options: TypedRequestOptions<Answer> = {}): Promise<Answer> {
    const format = this.#format.withSchema(options.schema);
    const reply = await this.#port.request(this.number, this.#format.encode(value), options);
    return decode(format, reply, `the reply on channel ${this.number}`);
  }

  /** As `session.requestStream` on this channel; items as the replies of `request`. */
  async *requestStream<Answer = Sent>(
    value: Sent,
    options: TypedRequestOptions<Answer> = {},
  ): AsyncGenerator<Answer, void, void> {
    const format = this.#format.withSchema(options.schema);
    for await (const item of this.#port.requestStream(this.number, this.#format.encode(value), options)) {
      yield await decode(format, item, `an item of the reply on channel ${this.number}`);
    }
  }

  /** As `session.onRequest` on this channel: requests that the channel does not take are answered with an error, and not handled. */
  onRequest(handler: RequestHandler<Received, Sent>): () => void {
    return this.#port.onRequest(this.number, async (bytes, context) => {
      const request = await decode(this.#format, bytes, `the request on channel ${this.number}`, InvalidRequestError);
      const reply: Reply<Sent> = await handler(request, context);
      if (reply === undefined) return undefined;
      return isIterable<Sent>(reply) ? this.#encodeAll(reply) : this.#format.encode(reply);
    });
  }

  /** Bytes of messages that wait to be sent on this channel. */
  get queuedBytes(): number {
    return this.#port.queuedBytes(this.number);
  }

  /** What was sent and received on it, how fast, and what holds it back; undefined while nothing was. */
  stats(): ChannelStats | undefined {
    return this.#port.stats(this.number);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Received, void, void> {
    for await (const bytes of this.#port.messages(this.number)) {
      const read = await this.#read(bytes);
      if (read) yield read.value;
    }
  }

  async #read(bytes: Uint8Array): Promise<{ readonly value: Received } | undefined> {
    try {
      return { value: await decode(this.#format, bytes, `a message on channel ${this.number}`) };
    } catch (error) {
      this.#handleInvalid(error as InvalidMessageError, bytes);
      return undefined;
    }
  }

  async *#encodeAll(values: AsyncIterable<Sent>): AsyncGenerator<Uint8Array, void, void> {
    for await (const value of values) yield this.#format.encode(value);
  }

  #handleInvalid(error: InvalidMessageError, bytes: Uint8Array): void {
    if (this.#onInvalid === undefined) {
      this.#port.reportFailure(error);
      return;
    }
    try {
      this.#onInvalid(error, bytes);
    } catch (failure) {
      this.#port.reportFailure(failure);
    }
  }
}

/** Whether the options are those of a typed channel, or meant to be. */
export function wantsTypes(
  options: Partial<TypedChannelOptions<unknown, unknown>>,
): options is TypedChannelOptions<unknown, unknown> {
  return options.codec !== undefined || options.schema !== undefined;
}

/** Says of what is invalid what it was. */
async function decode<Sent, Received>(
  format: MessageFormat<Sent, Received>,
  bytes: Uint8Array,
  what: string,
  ErrorClass = InvalidMessageError,
): Promise<Received> {
  try {
    return await format.decode(bytes);
  } catch (error) {
    const { message, cause } = error as InvalidMessageError;
    throw new ErrorClass(`${what} ${message}`, { cause });
  }
}

function isIterable<Value>(reply: unknown): reply is AsyncIterable<Value> {
  return typeof reply === 'object' && reply !== null && Symbol.asyncIterator in reply;
}

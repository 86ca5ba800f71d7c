import {
  channelOfLane,
  decodeConsumed,
  decodeRequestHead,
  Lane,
  laneOf,
  ProtocolError,
  requestBody,
  RequestMessage,
  requireBytes,
  requireChannel,
  requireFunction,
  UsageError,
  WireError,
} from '@tcpcomm/protocol';
import { IncomingRequests } from './incoming-requests.ts';
import { OutgoingRequests } from './outgoing-requests.ts';
import { ReplyStream } from './reply-stream.ts';
import {
  type RequestHandler,
  type RequestOptions,
  resolveRequestOptions,
  type WaitingOptions,
} from './request-options.ts';
import type { SessionBackend } from '../session-backend.ts';
import type { LaneOwner } from '../session-lanes.ts';
import { SingleReply } from './single-reply.ts';

/** The requests of a session, in both directions, each channel for itself. */
export class RequestTable {
  readonly #owner: LaneOwner;
  readonly #backend: SessionBackend;
  readonly #outgoing = new Map<number, OutgoingRequests>();
  readonly #incoming = new Map<number, IncomingRequests>();

  constructor(owner: LaneOwner, backend: SessionBackend) {
    this.#owner = owner;
    this.#backend = backend;
  }

  /** Sends a request, and waits for the reply. @throws as `Session.request` */
  request(channel: number, body: Uint8Array, options: RequestOptions | undefined): Promise<Uint8Array> {
    const waiting = requireRequest(channel, body, options);
    const requests = this.#outgoingOf(channel);
    return new Promise((resolve, reject) => {
      const reply = new SingleReply(requests, waiting, resolve, reject);
      try {
        reply.id = requests.begin(RequestMessage.REQUEST, body, reply);
      } catch (error) {
        reply.handleFailed(error as Error);
      }
    });
  }

  /** Sends a request, for a reply in items. @throws as `Session.requestStream` */
  requestStream(channel: number, body: Uint8Array, options: RequestOptions | undefined): ReplyStream {
    const waiting = requireRequest(channel, body, options);
    const requests = this.#outgoingOf(channel);
    const stream = new ReplyStream(requests, waiting);
    try {
      stream.id = requests.begin(RequestMessage.STREAM_REQUEST, body, stream);
    } catch (error) {
      stream.handleFailed(error as Error);
      throw error;
    }
    return stream;
  }

  /** Has the peer's requests on a channel answered by the handler; returns what ends that. @throws as `Session.onRequest` */
  answer(channel: number, handler: RequestHandler): () => void {
    requireChannel(channel);
    requireFunction('handler', handler);
    const requests = this.#incomingOf(channel);
    if (requests.handler) throw new UsageError(`requests on channel ${channel} are answered already`);
    requests.handler = handler;
    return () => {
      if (requests.handler === handler) requests.handler = undefined;
    };
  }

  /**
   * A message has come on a lane of requests or replies.
   *
   * @param taken to be called once: the peer may send that much more
   */
  handleMessage(lane: number, bytes: Uint8Array, taken: () => void): void {
    let waits = false;
    try {
      if (laneOf(lane) === Lane.REPLIES) this.#handleReplies(channelOfLane(lane), bytes);
      else waits = this.#handleRequest(channelOfLane(lane), bytes, taken);
    } catch (error) {
      this.#owner.handleFailure(error);
    }
    if (!waits) taken();
  }

  /** The peer knows nothing any more of what was under way. */
  handleLost(reason: Error): void {
    for (const requests of this.#outgoing.values()) requests.handleLost(reason);
    for (const requests of this.#incoming.values()) requests.handleLost(reason);
  }

  #handleRequest(channel: number, bytes: Uint8Array, taken: () => void): boolean {
    const { kind, id } = decodeRequestHead(bytes);
    const takesItems = kind === RequestMessage.STREAM_REQUEST;
    if (!takesItems && kind !== RequestMessage.REQUEST) throw unknownKind(channel, kind);
    return this.#incomingOf(channel).handleRequest(id, requestBody(bytes), takesItems, taken);
  }

  #handleReplies(channel: number, bytes: Uint8Array): void {
    const { kind, id } = decodeRequestHead(bytes);
    const body = requestBody(bytes);
    switch (kind) {
      case RequestMessage.REPLY:
      case RequestMessage.ITEM:
      case RequestMessage.END:
      case RequestMessage.FAILED:
        this.#outgoingOf(channel).handle(kind, id, body);
        break;
      case RequestMessage.CANCEL:
        this.#incomingOf(channel).handleCancel(id);
        break;
      case RequestMessage.CONSUMED:
        this.#incomingOf(channel).handleConsumed(id, decodeConsumed(body));
        break;
      default:
        throw unknownKind(channel, kind);
    }
  }

  #outgoingOf(channel: number): OutgoingRequests {
    const known = this.#outgoing.get(channel);
    if (known) return known;
    const requests = new OutgoingRequests(channel, this.#backend);
    this.#outgoing.set(channel, requests);
    return requests;
  }

  #incomingOf(channel: number): IncomingRequests {
    const known = this.#incoming.get(channel);
    if (known) return known;
    const requests = new IncomingRequests(channel, this.#owner, this.#backend);
    this.#incoming.set(channel, requests);
    return requests;
  }
}

/** @throws UsageError for arguments out of range, and the reason of a signal that has aborted already */
function requireRequest(channel: unknown, body: unknown, options: RequestOptions | undefined): WaitingOptions {
  requireChannel(channel);
  requireBytes('bytes', body);
  const waiting = resolveRequestOptions(options);
  waiting.signal?.throwIfAborted();
  return waiting;
}

function unknownKind(channel: number, kind: number): ProtocolError {
  return new ProtocolError(
    WireError.INVALID_MESSAGE,
    `message of kind ${kind} among the requests of channel ${channel}`,
  );
}

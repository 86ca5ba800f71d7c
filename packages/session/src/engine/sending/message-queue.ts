import {
  channelOfLane,
  FRAME_HEADER_BYTES,
  FrameType,
  laneName,
  laneOf,
  MessageFlag,
  ProtocolError,
  WireError,
  writeFrameHeader,
} from '@tcpcomm/protocol';
import { joinBytes } from '../join-bytes.ts';
import { Fifo } from '../fifo.ts';
import { LargeSegment, type MessageSegment, PackedSegment } from './message-segment.ts';
import type { OutputBatch } from './output-batch.ts';
import { MAX_SLAB_BYTES, type PackBuffer } from './pack-buffer.ts';

/** Messages up to this size are copied into the pack buffer; larger ones are referred to until they have arrived. */
const MAX_PACKED_MESSAGE_BYTES = 2048;
const NO_HEAD = new Uint8Array(0);

/**
 * The messages of a lane from when they are given until they are known to have arrived: first they wait, then they have been
 * sent. When the connection is lost, what of them has not arrived waits again.
 *
 * Here a message counts as its payload and 8 bytes, so that empty ones weigh something too.
 */
export class MessageQueue {
  readonly #lane: number;
  readonly #packBuffer: PackBuffer;
  readonly #waiting = new Fifo<MessageSegment>();
  readonly #sent = new Fifo<MessageSegment>();
  #waitingBytes = 0;
  #sentMessages = 0;

  /** @param lane its number */
  constructor(lane: number, packBuffer: PackBuffer) {
    this.#lane = lane;
    this.#packBuffer = packBuffer;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whole messages that have been sent, since the beginning or the last restart. */
  get sentMessages(): number {
    return this.#sentMessages;
  }

  /** The size of the next frame if it may have that payload, undefined if nothing waits. */
  nextFrameBytes(maxPayloadBytes: number): number | undefined {
    return this.#waiting.first?.nextFrameBytes(maxPayloadBytes);
  }

  /**
   * Up to 2 KiB are copied; a larger message is not, unless it has a head.
   *
   * @param head what it begins with, in front of the payload
   */
  push(payload: Uint8Array, flags: number, head: Uint8Array = NO_HEAD): void {
    const messageBytes = head.length + payload.length;
    if (messageBytes <= MAX_PACKED_MESSAGE_BYTES) this.#pack(head, payload, MessageFlag.FIN | flags);
    else if (head.length === 0) this.#waiting.push(new LargeSegment(this.#packBuffer, this.#lane, payload, flags));
    else this.#waiting.push(this.#copy(head, payload, flags));
    this.#waitingBytes += messageBytes + FRAME_HEADER_BYTES;
  }

  /** Moves the next frame, or a run of small ones, into the batch. Parameters and result as those of a segment. */
  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number {
    const segment = this.#waiting.first;
    if (segment === undefined) return 0;
    const { remainingBytes, remainingMessages } = segment;
    const frameBytes = segment.takeFrame(maxPayloadBytes, creditBytes, batch);
    this.#waitingBytes -= remainingBytes - segment.remainingBytes;
    this.#sentMessages += remainingMessages - segment.remainingMessages;
    if (segment.remainingBytes === 0) {
      this.#waiting.removeFirst();
      this.#sent.push(segment);
    }
    return frameBytes;
  }

  /** So many more of the frame bytes have arrived, in the order of sending. */
  acknowledge(frameBytes: number): void {
    let rest = frameBytes;
    for (let segment = this.#sent.first; segment !== undefined; segment = this.#sent.first) {
      rest -= segment.acknowledge(rest);
      if (!segment.isAcknowledged) return;
      segment.release();
      this.#sent.removeFirst();
    }
    if (rest > 0) this.#waiting.first?.acknowledge(rest);
  }

  /**
   * Lets wait again what has not arrived.
   *
   * @param messages how many have arrived whole, of `sentMessages`
   * @param fragmentBytes how much has arrived of the payload of the next one
   * @throws ProtocolError for what cannot have arrived, or was known to have before
   */
  rewind(messages: number, fragmentBytes: number): void {
    const segments = this.#removeAll();
    const kept = segments.reduce((sum, { sentMessages }) => sum + sentMessages, 0);
    let received = messages - (this.#sentMessages - kept);
    if (received < 0 || received > kept) throw this.#impossible(messages, fragmentBytes);
    let fragment = fragmentBytes;
    for (const segment of segments) {
      const { sentMessages, remainingBytes, sentFragmentBytes } = segment;
      const receivedHere = Math.min(received, sentMessages);
      received -= receivedHere;
      const isWhole = receivedHere === sentMessages && remainingBytes === 0;
      if (!isWhole && fragment > sentFragmentBytes) throw this.#impossible(messages, fragmentBytes);
      segment.rewind(receivedHere, isWhole ? 0 : fragment);
      if (isWhole) continue;
      // The last bytes of a message come with its end, so who has them all has the message.
      if (segment.remainingBytes === 0) throw this.#impossible(messages, fragmentBytes);
      fragment = 0;
      this.#waiting.push(segment);
      this.#waitingBytes += segment.remainingBytes;
    }
    if (fragment > 0) throw this.#impossible(messages, fragmentBytes);
    this.#sentMessages = messages;
  }

  /**
   * Forgets what was sent whole. What waits begins anew, also the message of which a part was sent; one that is larger than it may be now
   * is dropped too.
   *
   * @returns how many messages wait, and how many of those that waited were dropped
   */
  restart(maxMessageBytes: number): { readonly waiting: number; readonly dropped: number } {
    let [waiting, dropped] = [0, 0];
    for (const segment of this.#removeAll()) {
      segment.rewind(segment.sentMessages, 0);
      const { remainingMessages, remainingBytes } = segment;
      if (remainingMessages === 0) continue;
      if (segment.messageBytes > maxMessageBytes) {
        dropped += remainingMessages;
        continue;
      }
      waiting += remainingMessages;
      this.#waiting.push(segment);
      this.#waitingBytes += remainingBytes;
    }
    this.#sentMessages = 0;
    return { waiting, dropped };
  }

  /** Drops everything. The memory is not given back: a write of it may be under way. */
  clear(): void {
    this.#removeAll();
  }

  #removeAll(): MessageSegment[] {
    this.#waitingBytes = 0;
    return [...this.#sent.removeAll(), ...this.#waiting.removeAll()];
  }

  #impossible(messages: number, fragmentBytes: number): ProtocolError {
    return new ProtocolError(
      WireError.INVALID_ACKNOWLEDGEMENT,
      `${messages} messages and ${fragmentBytes} bytes of the next one cannot have arrived on ${laneName(this.#lane)}, of ${this.#sentMessages} that were sent`,
    );
  }

  #pack(head: Uint8Array, payload: Uint8Array, flags: number): void {
    const messageBytes = head.length + payload.length;
    const frameBytes = FRAME_HEADER_BYTES + messageBytes;
    const start = this.#packBuffer.reserve(frameBytes);
    const { slab } = this.#packBuffer;
    const [channel, stream] = [channelOfLane(this.#lane), laneOf(this.#lane)];
    writeFrameHeader(slab.bytes, start, messageBytes, FrameType.MESSAGE, channel, flags, stream);
    if (head.length > 0) slab.bytes.set(head, start + FRAME_HEADER_BYTES);
    slab.bytes.set(payload, start + FRAME_HEADER_BYTES + head.length);
    const last = this.#waiting.last;
    if (last instanceof PackedSegment && last.tryExtend(slab, start, start + frameBytes)) return;
    this.#waiting.push(new PackedSegment(this.#packBuffer, start, start + frameBytes));
  }

  /** Where there is room for it into the pack buffer, whose memory is used again: to allocate and collect some for each takes far longer. */
  #copy(head: Uint8Array, payload: Uint8Array, flags: number): LargeSegment {
    const byteLength = head.length + payload.length;
    if (byteLength > MAX_SLAB_BYTES) {
      return new LargeSegment(this.#packBuffer, this.#lane, joinBytes(head, payload), flags);
    }
    const start = this.#packBuffer.reserve(byteLength);
    const { slab } = this.#packBuffer;
    slab.bytes.set(head, start);
    slab.bytes.set(payload, start + head.length);
    const copy = slab.bytes.subarray(start, start + byteLength);
    return new LargeSegment(this.#packBuffer, this.#lane, copy, flags, slab);
  }
}

import {
  ACK_PAYLOAD_BYTES,
  CONTROL_CHANNEL,
  type ControlFrameType,
  type ControlMessage,
  COUNTER_BYTES,
  CREDIT_PAYLOAD_BYTES,
  encodeControlMessage,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameType,
  ProtocolError,
  WireError,
  writeCounter,
  writeFrameHeader,
} from '@tcpcomm/protocol';
import type { OutputBatch } from './output-batch.ts';
import type { PackBuffer } from './pack-buffer.ts';

/** Who grants credit: the receiving half of a channel or of a transfer. */
export interface CreditSource {
  readonly channel: number;
  /** The transfer's id, 0 for a channel. */
  readonly stream: number;
  /** How far the peer may send, to be told now. */
  takeLimit(): number;
  readonly consumedCount: number;
}

/** A peer that asks and asks but reads no answers has that many bytes of them waiting here before it is cut off. */
export const MAX_QUEUED_CONTROL_BYTES = 1_048_576;

/**
 * Control frames on their way out: ahead of everything else, never held back by window or throttle. What repeats is
 * merged, so the queue stays short: a source has one credit pending, of several pings only the last is answered.
 */
export class ControlQueue {
  readonly #packBuffer: PackBuffer;
  readonly #messages: Uint8Array[] = [];
  readonly #creditSources: CreditSource[] = [];
  #queuedBytes = 0;
  #pong: Uint8Array | undefined;
  #ping: Uint8Array | undefined;

  constructor(packBuffer: PackBuffer) {
    this.#packBuffer = packBuffer;
  }

  /** The peer's fault of letting more answers pile up here than one that reads them would; undefined if it did not. */
  get flood(): ProtocolError | undefined {
    if (this.#queuedBytes < MAX_QUEUED_CONTROL_BYTES) return undefined;
    return new ProtocolError(
      WireError.CONTROL_FLOOD,
      `${this.#queuedBytes} bytes of answers wait to be read, at most ${MAX_QUEUED_CONTROL_BYTES} may`,
    );
  }

  get isEmpty(): boolean {
    const hasHeartbeat = this.#pong !== undefined || this.#ping !== undefined;
    return this.#messages.length === 0 && this.#creditSources.length === 0 && !hasHeartbeat;
  }

  queueMessage<Type extends ControlFrameType>(type: Type, stream: number, message: ControlMessage<Type>): void {
    const frame = encodeFrame(type, CONTROL_CHANNEL, 0, stream, encodeControlMessage(type, message));
    this.#queuedBytes += frame.length;
    this.#messages.push(frame);
  }

  queueCredit(source: CreditSource): void {
    if (!this.#creditSources.includes(source)) this.#creditSources.push(source);
  }

  queuePing(payload: Uint8Array): void {
    this.#ping = payload;
  }

  queuePong(payload: Uint8Array): void {
    this.#pong = payload;
  }

  /** Drops all that waits: what follows is the last word. */
  clear(): void {
    this.#messages.length = 0;
    this.#queuedBytes = 0;
    this.#creditSources.length = 0;
    this.#ping = undefined;
    this.#pong = undefined;
  }

  /** @param holdsCredit keeps credit back for now: the peer sends faster than it may, and more would let it go on */
  takeInto(batch: OutputBatch, holdsCredit: boolean): void {
    // In memory of their own: an idle session has no other use for a slab.
    if (this.#pong) batch.addView(encodeFrame(FrameType.PONG, CONTROL_CHANNEL, 0, 0, this.#pong));
    if (this.#ping) batch.addView(encodeFrame(FrameType.PING, CONTROL_CHANNEL, 0, 0, this.#ping));
    this.#pong = undefined;
    this.#ping = undefined;
    if (this.#creditSources.length > 0 && !holdsCredit) {
      for (const source of this.#creditSources) this.#takeCredit(source, batch);
      this.#creditSources.length = 0;
    }
    if (this.#messages.length > 0) {
      for (const frame of this.#messages) batch.addView(frame);
      this.#messages.length = 0;
      this.#queuedBytes = 0;
    }
  }

  /** Adds an acknowledgement of all flow-controlled bytes received. */
  takeAck(receivedBytes: number, batch: OutputBatch): void {
    const payload = this.#takeHeader(ACK_PAYLOAD_BYTES, FrameType.ACK, CONTROL_CHANNEL, 0, batch);
    writeCounter(this.#packBuffer.slab.bytes, payload, receivedBytes);
  }

  #takeCredit(source: CreditSource, batch: OutputBatch): void {
    const payload = this.#takeHeader(CREDIT_PAYLOAD_BYTES, FrameType.CREDIT, source.channel, source.stream, batch);
    writeCounter(this.#packBuffer.slab.bytes, payload, source.takeLimit());
    writeCounter(this.#packBuffer.slab.bytes, payload + COUNTER_BYTES, source.consumedCount);
  }

  /** Packs a header and returns where its payload goes. */
  #takeHeader(length: number, type: number, channel: number, stream: number, batch: OutputBatch): number {
    const start = this.#packBuffer.reserve(FRAME_HEADER_BYTES + length);
    writeFrameHeader(this.#packBuffer.slab.bytes, start, length, type, channel, 0, stream);
    batch.addPacked(this.#packBuffer.slab, start, start + FRAME_HEADER_BYTES + length);
    return start + FRAME_HEADER_BYTES;
  }
}

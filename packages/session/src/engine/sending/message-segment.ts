import {
  channelOfLane,
  FRAME_HEADER_BYTES,
  FrameType,
  laneName,
  laneOf,
  MessageFlag,
  UsageError,
  writeFrameHeader,
} from '@tcpcomm/protocol';
import type { OutputBatch } from './output-batch.ts';
import type { PackBuffer, Slab } from './pack-buffer.ts';

/**
 * A part of a channel's queue: where its next frame comes from. What has been sent stays in it until it is known to have arrived, for it
 * may have to be sent again over another connection.
 */
export interface MessageSegment {
  /** The size of its next frame if that may have a payload of `maxPayloadBytes`. */
  nextFrameBytes(maxPayloadBytes: number): number;
  /**
   * Moves frames into the batch: a run of small ones, or one of a large message.
   *
   * @param maxPayloadBytes of one frame, and about the size of a run
   * @param creditBytes how many frame bytes the peer allows, at least those of the next frame
   * @returns the frame bytes moved
   */
  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number;
  /** What is left of it in the queue, each message counted as its payload and one header. */
  readonly remainingBytes: number;
  /** Messages of which the end is still in it. */
  readonly remainingMessages: number;
  /** Of what was sent of it, so many more bytes have arrived; returns how many of them were its own. */
  acknowledge(bytes: number): number;
  /** Whether all of it was sent and has arrived. */
  readonly isAcknowledged: boolean;
  /** The payload of its largest message, or a bound on it. */
  readonly messageBytes: number;
  /** Whole messages that were sent and are still here. */
  readonly sentMessages: number;
  /** Bytes of its first message's payload that have been sent, where that is not whole in any frame. */
  readonly sentFragmentBytes: number;
  /**
   * Goes back to what the peer has not received.
   *
   * @param receivedMessages how many of `sentMessages` it has
   * @param fragmentBytes how much it has of the payload of the next one, up to `sentFragmentBytes`
   */
  rewind(receivedMessages: number, fragmentBytes: number): void;
  /** Gives its memory back: all of it has arrived. */
  release(): void;
}

/** Whole messages that were small enough to be copied: their frames lie ready in a pack buffer, headers included. */
export class PackedSegment implements MessageSegment {
  readonly sentFragmentBytes = 0;
  /** Too small for any bound to matter. */
  readonly messageBytes = 0;
  readonly #packBuffer: PackBuffer;
  readonly #slab: Slab;
  /** From here to `next` lies what was sent, from there to `end` what was not. */
  #start: number;
  #next: number;
  #end: number;
  #remainingMessages = 1;
  #acknowledgedBytes = 0;

  constructor(packBuffer: PackBuffer, start: number, end: number) {
    this.#packBuffer = packBuffer;
    this.#slab = packBuffer.slab;
    this.#start = start;
    this.#next = start;
    this.#end = end;
  }

  get remainingBytes(): number {
    return this.#end - this.#next;
  }

  get remainingMessages(): number {
    return this.#remainingMessages;
  }

  get isAcknowledged(): boolean {
    return this.#next === this.#end && this.#start + this.#acknowledgedBytes === this.#end;
  }

  get sentMessages(): number {
    return this.#countFrames(this.#start, this.#next);
  }

  /** Takes in the frame at this place of the slab, if it lies right behind the others. */
  tryExtend(slab: Slab, start: number, end: number): boolean {
    if (slab !== this.#slab || start !== this.#end) return false;
    this.#end = end;
    this.#remainingMessages += 1;
    return true;
  }

  nextFrameBytes(): number {
    return this.#frameBytesAt(this.#next);
  }

  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number {
    const from = this.#next;
    this.#takeRun(Math.min(maxPayloadBytes + FRAME_HEADER_BYTES, creditBytes));
    batch.addKept(this.#slab, from, this.#next);
    return this.#next - from;
  }

  acknowledge(bytes: number): number {
    // Only counted: to look for the ends of messages would cost more than to keep a slab a little longer.
    const taken = Math.min(bytes, this.#next - this.#start - this.#acknowledgedBytes);
    this.#acknowledgedBytes += taken;
    return taken;
  }

  rewind(receivedMessages: number): void {
    const from = this.#start;
    for (let message = 0; message < receivedMessages; message += 1) this.#start += this.#frameBytesAt(this.#start);
    if (this.#start > from) this.#packBuffer.release(this.#slab, this.#start - from);
    this.#next = this.#start;
    this.#acknowledgedBytes = 0;
    this.#remainingMessages = this.#countFrames(this.#start, this.#end);
  }

  release(): void {
    this.#packBuffer.release(this.#slab, this.#end - this.#start);
    this.#start = this.#end;
  }

  /** Moves `next` behind the longest run of whole frames that fits, one frame at least. */
  #takeRun(maxBytes: number): void {
    if (this.#end - this.#next <= maxBytes) {
      this.#next = this.#end;
      this.#remainingMessages = 0;
      return;
    }
    const limit = this.#next + maxBytes;
    do {
      this.#next += this.#frameBytesAt(this.#next);
      this.#remainingMessages -= 1;
    } while (this.#next + this.#frameBytesAt(this.#next) <= limit);
  }

  #countFrames(from: number, to: number): number {
    let frames = 0;
    for (let at = from; at < to; at += this.#frameBytesAt(at)) frames += 1;
    return frames;
  }

  #frameBytesAt(offset: number): number {
    const { bytes } = this.#slab;
    return FRAME_HEADER_BYTES + ((bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!);
  }
}

/** One larger message, cut into frames as they leave. */
export class LargeSegment implements MessageSegment {
  readonly #packBuffer: PackBuffer;
  readonly #lane: number;
  readonly #payload: Uint8Array;
  /** As it was when it was given: its memory may be taken away. */
  readonly #byteLength: number;
  readonly #flags: number;
  readonly #slab: Slab | undefined;
  /** How much of it was sent. */
  #offset = 0;
  /** Frame bytes that were sent and have not arrived. */
  #unacknowledgedBytes = 0;

  /**
   * @param lane its number
   * @param flags of the last frame, besides FIN
   * @param slab where the payload lies, if in the pack buffer, which gets it back
   */
  constructor(packBuffer: PackBuffer, lane: number, payload: Uint8Array, flags: number, slab?: Slab) {
    this.#packBuffer = packBuffer;
    this.#lane = lane;
    this.#payload = payload;
    this.#byteLength = payload.length;
    this.#flags = flags;
    this.#slab = slab;
  }

  get remainingBytes(): number {
    const rest = this.#byteLength - this.#offset;
    return rest === 0 ? 0 : rest + FRAME_HEADER_BYTES;
  }

  get remainingMessages(): number {
    return this.#offset === this.#byteLength ? 0 : 1;
  }

  get isAcknowledged(): boolean {
    return this.#offset === this.#byteLength && this.#unacknowledgedBytes === 0;
  }

  get sentMessages(): number {
    return 1 - this.remainingMessages;
  }

  get sentFragmentBytes(): number {
    return this.#offset;
  }

  get messageBytes(): number {
    return this.#byteLength;
  }

  nextFrameBytes(maxPayloadBytes: number): number {
    return FRAME_HEADER_BYTES + Math.min(maxPayloadBytes, this.#byteLength - this.#offset);
  }

  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number {
    if (this.#payload.length !== this.#byteLength) throw memoryGone(this.#lane, this.#byteLength);
    const end = Math.min(
      this.#offset + maxPayloadBytes,
      this.#offset + creditBytes - FRAME_HEADER_BYTES,
      this.#byteLength,
    );
    const flags = end === this.#byteLength ? MessageFlag.FIN | this.#flags : 0;
    const header = this.#packBuffer.reserve(FRAME_HEADER_BYTES);
    const { slab } = this.#packBuffer;
    const [channel, stream] = [channelOfLane(this.#lane), laneOf(this.#lane)];
    writeFrameHeader(slab.bytes, header, end - this.#offset, FrameType.MESSAGE, channel, flags, stream);
    batch.addPacked(slab, header, header + FRAME_HEADER_BYTES);
    batch.addView(this.#payload.subarray(this.#offset, end));
    const taken = FRAME_HEADER_BYTES + end - this.#offset;
    this.#offset = end;
    this.#unacknowledgedBytes += taken;
    return taken;
  }

  acknowledge(bytes: number): number {
    const taken = Math.min(bytes, this.#unacknowledgedBytes);
    this.#unacknowledgedBytes -= taken;
    return taken;
  }

  rewind(receivedMessages: number, fragmentBytes: number): void {
    this.#offset = receivedMessages > 0 ? this.#byteLength : fragmentBytes;
    this.#unacknowledgedBytes = 0;
    if (receivedMessages > 0) this.release();
  }

  release(): void {
    if (this.#slab) this.#packBuffer.release(this.#slab, this.#byteLength);
  }
}

/** Half a message cannot be taken back, nor what is left of it be made up: it is the end of the session. */
function memoryGone(lane: number, byteLength: number): UsageError {
  return new UsageError(
    `the memory of a message of ${byteLength} bytes on ${laneName(lane)} was transferred or shrunk before it had been sent; leave it as it is until then`,
    'ERR_TCPCOMM_MEMORY_GONE',
  );
}

import { FRAME_HEADER_BYTES, FrameType, MessageFlag, writeFrameHeader } from '@tcpcomm/protocol';
import type { OutputBatch } from './output-batch.ts';
import type { PackBuffer, Slab } from './pack-buffer.ts';

/** A part of a channel's queue: where its next frame comes from. */
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
  /** Gives back what memory the rest holds, which will not be sent. */
  discard(): void;
}

/** Whole messages that were small enough to be copied: their frames lie ready in a pack buffer, headers included. */
export class PackedSegment implements MessageSegment {
  readonly #packBuffer: PackBuffer;
  readonly #slab: Slab;
  #start: number;
  #end: number;
  #messages = 1;

  constructor(packBuffer: PackBuffer, start: number, end: number) {
    this.#packBuffer = packBuffer;
    this.#slab = packBuffer.slab;
    this.#start = start;
    this.#end = end;
  }

  get remainingBytes(): number {
    return this.#end - this.#start;
  }

  get remainingMessages(): number {
    return this.#messages;
  }

  /** Takes in the frame at this place of the slab, if it lies right behind the others. */
  tryExtend(slab: Slab, start: number, end: number): boolean {
    if (slab !== this.#slab || start !== this.#end) return false;
    this.#end = end;
    this.#messages += 1;
    return true;
  }

  nextFrameBytes(): number {
    return this.#frameBytesAt(this.#start);
  }

  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number {
    const start = this.#start;
    this.#takeRun(Math.min(maxPayloadBytes + FRAME_HEADER_BYTES, creditBytes));
    batch.addPacked(this.#slab, start, this.#start);
    return this.#start - start;
  }

  discard(): void {
    this.#packBuffer.release(this.#slab, this.#end - this.#start);
    this.#start = this.#end;
    this.#messages = 0;
  }

  /** Moves the start behind the longest run of whole frames that fits, one frame at least. */
  #takeRun(maxBytes: number): void {
    if (this.#end - this.#start <= maxBytes) {
      this.#start = this.#end;
      this.#messages = 0;
      return;
    }
    const limit = this.#start + maxBytes;
    do {
      this.#start += this.#frameBytesAt(this.#start);
      this.#messages -= 1;
    } while (this.#start + this.#frameBytesAt(this.#start) <= limit);
  }

  #frameBytesAt(offset: number): number {
    const { bytes } = this.#slab;
    return FRAME_HEADER_BYTES + ((bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!);
  }
}

/** One message that is too large to be copied: cut into frames as they leave. */
export class LargeSegment implements MessageSegment {
  readonly #packBuffer: PackBuffer;
  readonly #channel: number;
  readonly #payload: Uint8Array;
  readonly #flags: number;
  #offset = 0;

  /** @param flags of the last frame, besides FIN */
  constructor(packBuffer: PackBuffer, channel: number, payload: Uint8Array, flags: number) {
    this.#packBuffer = packBuffer;
    this.#channel = channel;
    this.#payload = payload;
    this.#flags = flags;
  }

  get remainingBytes(): number {
    const rest = this.#payload.length - this.#offset;
    return rest === 0 ? 0 : rest + FRAME_HEADER_BYTES;
  }

  get remainingMessages(): number {
    return this.#offset === this.#payload.length ? 0 : 1;
  }

  nextFrameBytes(maxPayloadBytes: number): number {
    return FRAME_HEADER_BYTES + Math.min(maxPayloadBytes, this.#payload.length - this.#offset);
  }

  takeFrame(maxPayloadBytes: number, creditBytes: number, batch: OutputBatch): number {
    const end = Math.min(
      this.#offset + maxPayloadBytes,
      this.#offset + creditBytes - FRAME_HEADER_BYTES,
      this.#payload.length,
    );
    const flags = end === this.#payload.length ? MessageFlag.FIN | this.#flags : 0;
    const header = this.#packBuffer.reserve(FRAME_HEADER_BYTES);
    const { slab } = this.#packBuffer;
    writeFrameHeader(slab.bytes, header, end - this.#offset, FrameType.MESSAGE, this.#channel, flags, 0);
    batch.addPacked(slab, header, header + FRAME_HEADER_BYTES);
    batch.addView(this.#payload.subarray(this.#offset, end));
    const taken = FRAME_HEADER_BYTES + end - this.#offset;
    this.#offset = end;
    return taken;
  }

  discard(): void {
    this.#offset = this.#payload.length;
  }
}

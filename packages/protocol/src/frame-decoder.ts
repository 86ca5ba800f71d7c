import { ProtocolError } from './errors.ts';
import { FRAME_HEADER_BYTES, type FrameHeader } from './frame-header.ts';
import { frameTypeName } from './frame-type.ts';
import { WireError } from './wire-error.ts';

export interface FrameSink {
  /**
   * Takes a piece of a frame's payload: all of it where it arrived at once, else several in order,
   * each as soon as it is there. A frame without a payload is one call with an empty piece.
   *
   * @param header valid during this call only: the decoder reuses it
   * @param piece a view into the bytes given to `decode`, not a copy
   * @param position where in the payload the piece belongs; with `piece.length` up to `header.length`, it is the last
   */
  onFrame(header: FrameHeader, piece: Uint8Array, position: number): void;
}

/**
 * Cuts a stream of bytes into frames. It copies no payload, and holds nothing but an unfinished
 * header, so a frame that arrives byte by byte costs no more than its bytes.
 */
export class FrameDecoder {
  readonly #header = { length: 0, type: 0, channel: 0, flags: 0, stream: 0 };
  /** What has come of a header that did not come at once. */
  #headerBytes: Uint8Array | undefined;
  #headerBytesSeen = 0;
  /** Payload bytes of the current frame already handed over; -1 between frames. */
  #position = -1;
  #isStopped = false;

  /** The largest payload accepted; may be raised when the handshake has settled it. */
  maxFrameBytes: number;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Whether the last byte decoded was the last byte of a frame. */
  get isBetweenFrames(): boolean {
    return this.#position < 0 && this.#headerBytesSeen === 0;
  }

  /** The frame of which a part has been decoded, undefined between frames. */
  get currentFrame(): Readonly<FrameHeader> | undefined {
    return this.#position < 0 ? undefined : this.#header;
  }

  /** Payload bytes of the current frame that have not come yet. */
  get missingBytes(): number {
    return this.#position < 0 ? 0 : this.#header.length - this.#position;
  }

  /** Makes the running `decode` return once the current call of the sink is over, and the next ones do nothing. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Decodes the next bytes of the stream.
   *
   * @returns how many of them were taken: all, unless the sink called `stop`
   * @throws ProtocolError `FRAME_TOO_LARGE` as soon as a header announces more than `maxFrameBytes`,
   * and whatever the sink throws; the decoder is of no use after that
   */
  decode(bytes: Uint8Array, sink: FrameSink): number {
    let at = 0;
    while (at < bytes.length && !this.#isStopped) {
      if (this.#position < 0) {
        at = this.#decodeHeader(bytes, at);
        if (this.#position < 0) break;
        if (this.#header.length > 0 && at === bytes.length) break;
      }
      at = this.#handOver(bytes, at, sink);
    }
    return at;
  }

  #decodeHeader(bytes: Uint8Array, at: number): number {
    if (this.#headerBytesSeen === 0 && bytes.length - at >= FRAME_HEADER_BYTES) {
      this.#parseHeader(bytes, at);
      return at + FRAME_HEADER_BYTES;
    }
    const headerBytes = (this.#headerBytes ??= new Uint8Array(FRAME_HEADER_BYTES));
    const taken = Math.min(FRAME_HEADER_BYTES - this.#headerBytesSeen, bytes.length - at);
    headerBytes.set(bytes.subarray(at, at + taken), this.#headerBytesSeen);
    this.#headerBytesSeen += taken;
    if (this.#headerBytesSeen === FRAME_HEADER_BYTES) {
      this.#headerBytesSeen = 0;
      this.#parseHeader(headerBytes, 0);
    }
    return at + taken;
  }

  #parseHeader(bytes: Uint8Array, at: number): void {
    // Eight in-bounds reads; the assertions cost nothing and a DataView for each chunk would.
    const header = this.#header;
    header.length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    header.type = bytes[at + 3]!;
    header.channel = bytes[at + 4]!;
    header.flags = bytes[at + 5]!;
    header.stream = (bytes[at + 6]! << 8) | bytes[at + 7]!;
    if (header.length > this.maxFrameBytes) {
      throw new ProtocolError(
        WireError.FRAME_TOO_LARGE,
        `${frameTypeName(header.type)} frame of ${header.length} bytes exceeds maxFrameBytes ${this.maxFrameBytes}`,
      );
    }
    this.#position = 0;
  }

  #handOver(bytes: Uint8Array, at: number, sink: FrameSink): number {
    const position = this.#position;
    const taken = Math.min(this.#header.length - position, bytes.length - at);
    const isLast = position + taken === this.#header.length;
    this.#position = isLast ? -1 : position + taken;
    // Twice as fast as `subarray`, which looks up the species of its receiver at each call.
    const piece = new Uint8Array(bytes.buffer, bytes.byteOffset + at, taken);
    sink.onFrame(this.#header, piece, position);
    return at + taken;
  }
}

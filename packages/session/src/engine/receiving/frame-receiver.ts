import {
  ACK_PAYLOAD_BYTES,
  type ControlFrameType,
  type ControlMessage,
  COUNTER_BYTES,
  CREDIT_PAYLOAD_BYTES,
  decodeControlMessage,
  FRAME_HEADER_BYTES,
  FrameDecoder,
  type FrameHeader,
  type FrameSink,
  frameTypeName,
  FrameType,
  isControlFrameType,
  isKnownFrameType,
  isSkippableFrameType,
  laneNumber,
  LANES,
  MAX_CHANNEL,
  MAX_CONTROL_FRAME_BYTES,
  MessageFlag,
  MIN_CHANNEL,
  PayloadCollector,
  PING_PAYLOAD_BYTES,
  ProtocolError,
  readCounter,
  WireError,
} from '@tcpcomm/protocol';
import type { Role } from '../role.ts';
import { type ReceivingState, REFUSED_FRAMES, unexpectedFrame } from './session-frames.ts';

/** What a session does with what arrives, one method a kind of frame. */
export interface FrameHandler {
  /** Flow-controlled bytes have arrived, headers included. */
  handleReceipt(bytes: number): void;
  handleMessagePiece(header: FrameHeader, piece: Uint8Array, position: number): void;
  /** Where the next bytes of a message may be read to, of which a part has come. */
  roomForMessage(channel: number, missingBytes: number, maxBytes: number): Uint8Array<ArrayBuffer> | undefined;
  handleFilePiece(header: FrameHeader, piece: Uint8Array, position: number): void;
  handleAck(receivedBytes: number): void;
  handleCredit(channel: number, stream: number, limitBytes: number, consumedCount: number): void;
  handlePing(payload: Uint8Array): void;
  handleControl<Type extends ControlFrameType>(type: Type, stream: number, message: ControlMessage<Type>): void;
}

/** For fewer bytes than this a read of their own does not pay. */
const MIN_DIRECT_BYTES = 32_768;

/** The payload of the binary frames that have one size only. */
const FIXED_SIZES = new Map<number, number>([
  [FrameType.ACK, ACK_PAYLOAD_BYTES],
  [FrameType.CREDIT, CREDIT_PAYLOAD_BYTES],
  [FrameType.PING, PING_PAYLOAD_BYTES],
  [FrameType.PONG, PING_PAYLOAD_BYTES],
]);

/**
 * Takes the bytes of a session apart and hands each frame to where it belongs. Payloads of messages and files go through in the
 * pieces in which they arrive; control frames are gathered first. What does not fit throws a ProtocolError.
 */
export class FrameReceiver implements FrameSink {
  /** Which frames may arrive now. */
  state: ReceivingState = 'open';

  readonly #role: Role;
  readonly #handler: FrameHandler;
  readonly #decoder: FrameDecoder;
  readonly #control = new PayloadCollector();

  constructor(role: Role, maxFrameBytes: number, handler: FrameHandler) {
    this.#role = role;
    this.#handler = handler;
    this.#decoder = new FrameDecoder(maxFrameBytes);
  }

  /** @throws ProtocolError for the first thing that is wrong; nothing may be received after that */
  receive(bytes: Uint8Array): void {
    try {
      this.#decoder.decode(bytes, this);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      const message = 'a fault of this side while it handled what came';
      throw new ProtocolError(WireError.INTERNAL_ERROR, message, { cause: error });
    }
  }

  /** Where the next bytes may be read to, in the middle of a large frame. */
  roomForNext(maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const { currentFrame, missingBytes } = this.#decoder;
    if (currentFrame?.type !== FrameType.MESSAGE || missingBytes < MIN_DIRECT_BYTES) return undefined;
    // Where the message goes on, the header of its next frame is read along, or it would take a read of its own: what follows it is read over it.
    const behindBytes = (currentFrame.flags & MessageFlag.FIN) === 0 ? FRAME_HEADER_BYTES : 0;
    return this.#handler.roomForMessage(
      laneNumber(currentFrame.channel, currentFrame.stream),
      missingBytes + behindBytes,
      maxBytes,
    );
  }

  /** Whatever follows is not looked at any more. */
  stop(): void {
    this.#decoder.stop();
  }

  onFrame(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (position === 0 && REFUSED_FRAMES[this.#role][this.state].has(header.type)) {
      throw unexpectedFrame(header.type, this.state);
    }
    switch (header.type) {
      case FrameType.MESSAGE:
        if (!isLane(header)) throw invalidChannel(header);
        this.#countReceipt(piece, position);
        this.#handler.handleMessagePiece(header, piece, position);
        break;
      case FrameType.FILE_DATA:
        this.#countReceipt(piece, position);
        this.#handler.handleFilePiece(header, piece, position);
        break;
      case FrameType.FILE_END:
        this.#countReceipt(piece, position);
        this.#gatherControl(header, piece, position);
        break;
      default:
        this.#gatherControl(header, piece, position);
    }
  }

  #countReceipt(piece: Uint8Array, position: number): void {
    this.#handler.handleReceipt(position === 0 ? FRAME_HEADER_BYTES + piece.length : piece.length);
  }

  #gatherControl(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (position === 0) checkControlHeader(header);
    if (!isKnownFrameType(header.type)) return;
    if (piece.length === header.length) {
      this.#dispatch(header, piece);
      return;
    }
    this.#control.append(piece);
    if (position + piece.length === header.length) this.#dispatch(header, this.#control.take());
  }

  #dispatch(header: FrameHeader, payload: Uint8Array): void {
    const { type, channel, stream } = header;
    switch (type) {
      case FrameType.ACK:
        this.#handler.handleAck(readCounter(payload, 0));
        break;
      case FrameType.CREDIT:
        this.#handler.handleCredit(channel, stream, readCounter(payload, 0), readCounter(payload, COUNTER_BYTES));
        break;
      case FrameType.PING:
        this.#handler.handlePing(payload);
        break;
      case FrameType.PONG:
        // That it came is all it says.
        break;
      default:
        if (isControlFrameType(type)) this.#handler.handleControl(type, stream, decodeControlMessage(type, payload));
    }
  }
}

function checkControlHeader(header: FrameHeader): void {
  const { type, length, channel } = header;
  if (!isKnownFrameType(type)) {
    if (isSkippableFrameType(type)) return;
    throw new ProtocolError(WireError.UNKNOWN_FRAME_TYPE, `frame of unknown type ${frameTypeName(type)}`);
  }
  if (type !== FrameType.CREDIT && channel !== 0) throw invalidChannel(header);
  const size = FIXED_SIZES.get(type);
  if (size !== undefined && length !== size) {
    throw new ProtocolError(
      WireError.PROTOCOL_ERROR,
      `${frameTypeName(type)} frame of ${length} bytes, expected ${size}`,
    );
  }
  if (length > MAX_CONTROL_FRAME_BYTES) {
    throw new ProtocolError(
      WireError.FRAME_TOO_LARGE,
      `${frameTypeName(type)} frame of ${length} bytes exceeds the ${MAX_CONTROL_FRAME_BYTES} of a control message`,
    );
  }
}

/** Whether it belongs to a lane of a channel. */
export function isLane({ channel, stream }: Pick<FrameHeader, 'channel' | 'stream'>): boolean {
  return channel >= MIN_CHANNEL && channel <= MAX_CHANNEL && stream < LANES;
}

export function invalidChannel({ type, channel, stream }: FrameHeader): ProtocolError {
  const lane = type === FrameType.MESSAGE && stream >= LANES ? `lane ${stream} of ` : '';
  return new ProtocolError(
    WireError.INVALID_CHANNEL,
    `${frameTypeName(type)} frame on ${lane}channel ${channel}, which is not one for it`,
  );
}

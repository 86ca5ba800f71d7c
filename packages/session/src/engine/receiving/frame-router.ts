import {
  type ControlFrameType,
  type ControlMessage,
  type ErrorNotice,
  type FrameHeader,
  FrameType,
  type GoAway,
  type Identified,
  type Identify,
  laneNumber,
  LANES,
  MAX_CHANNEL,
  MIN_CHANNEL,
  ProtocolError,
  type Settings,
  WireError,
} from '@tcpcomm/protocol';
import type { ChannelTable } from '../channel-table.ts';
import type { ControlQueue } from '../sending/control-queue.ts';
import type { FrameHandler } from './frame-receiver.ts';
import type { FrameSender } from '../sending/frame-sender.ts';
import type { Receipt } from './receipt.ts';
import { isTransferFrameType, type TransferExchange } from '../transfers/transfer-exchange.ts';

/** The parts of a session that frames are for. */
export interface FrameDestinations {
  readonly receipt: Receipt;
  readonly sender: FrameSender;
  readonly control: ControlQueue;
  readonly channels: ChannelTable;
  readonly transfers: TransferExchange;
}

/** The few frames that concern the session as a whole. */
export interface SessionFrameEvents {
  onSettings(settings: Settings): void;
  onGoodbye(goodbye: GoAway): void;
  onPeerError(notice: ErrorNotice): void;
  onIdentify(identify: Identify): void;
  onIdentified(answer: Identified): void;
}

/** Brings every frame to the part of the session that owns what it is about. */
export class FrameRouter implements FrameHandler {
  /** The time of what is happening: here, of the bytes that are being routed. */
  nowMs = 0;
  /** Set with our goodbye: what of transfers crosses it belongs to those that ended with it. */
  ignoresTransfers = false;

  readonly #to: FrameDestinations;
  readonly #events: SessionFrameEvents;

  constructor(destinations: FrameDestinations, events: SessionFrameEvents) {
    this.#to = destinations;
    this.#events = events;
  }

  handleReceipt(bytes: number): void {
    this.#to.receipt.handleReceived(bytes);
  }

  handleMessagePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    this.#to.channels.incoming(laneNumber(header.channel, header.stream)).handlePiece(header, piece, position);
  }

  roomForMessage(lane: number, missingBytes: number, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#to.channels.roomForMessage(lane, missingBytes, maxBytes);
  }

  handleFilePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (!this.ignoresTransfers) this.#to.transfers.handlePiece(header, piece, position);
  }

  handleAck(receivedBytes: number): void {
    this.#to.sender.handleAck(receivedBytes, this.nowMs);
  }

  handleCredit(channel: number, stream: number, limitBytes: number, consumedCount: number): void {
    if (channel < MIN_CHANNEL || channel > MAX_CHANNEL) {
      this.#to.transfers.handleCredit(channel, stream, limitBytes, consumedCount);
      return;
    }
    if (stream >= LANES) {
      throw new ProtocolError(WireError.INVALID_CHANNEL, `CREDIT frame on lane ${stream} of channel ${channel}`);
    }
    const outgoing = this.#to.channels.outgoing(laneNumber(channel, stream));
    outgoing.handleCredit(limitBytes, consumedCount);
    this.#to.sender.activate(outgoing);
  }

  handlePing(payload: Uint8Array): void {
    // A copy: the bytes that were received may be overwritten before the answer leaves.
    this.#to.control.queuePong(payload.slice());
  }

  handleControl<Type extends ControlFrameType>(type: Type, stream: number, message: ControlMessage<Type>): void {
    if (isTransferFrameType(type)) {
      if (!this.ignoresTransfers) this.#to.transfers.handleControl(type, stream, message);
    } else if (type === FrameType.SETTINGS) this.#events.onSettings(message as Settings);
    else if (type === FrameType.GOAWAY) this.#events.onGoodbye(message as GoAway);
    else if (type === FrameType.ERROR) this.#events.onPeerError(message as ErrorNotice);
    else if (type === FrameType.IDENTIFY) this.#events.onIdentify(message as Identify);
    else if (type === FrameType.IDENTIFIED) this.#events.onIdentified(message as Identified);
  }
}

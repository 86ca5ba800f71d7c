import { FrameType, type GoAway, toSentence, type WireError } from '@tcpcomm/protocol';
import type { ChannelDelivery, ChannelTable } from '../channel-table.ts';
import { type CloseReason, errorOfClosing } from './close-reason.ts';
import type { ControlQueue } from '../sending/control-queue.ts';
import type { EngineSettings } from '../engine-settings.ts';
import { Farewell } from './farewell.ts';
import type { FrameReceiver } from '../receiving/frame-receiver.ts';
import type { FrameRouter } from '../receiving/frame-router.ts';
import type { TransferExchange } from '../transfers/transfer-exchange.ts';

/** The parts of a session that its farewell concerns. */
export interface LeavingParts {
  readonly control: ControlQueue;
  readonly channels: ChannelTable;
  readonly transfers: TransferExchange;
  readonly router: FrameRouter;
  readonly receiver: FrameReceiver;
}

/** How a session ends in good order: what each step of its farewell means for channels, transfers and the wire. */
export class LeaveTaking {
  readonly #parts: LeavingParts;
  readonly #drainMs: number;
  readonly #farewell: Farewell;

  constructor(parts: LeavingParts, settings: EngineSettings) {
    this.#parts = parts;
    this.#drainMs = settings.farewellDrainMs;
    this.#farewell = new Farewell(settings.farewellReplyMs, settings.farewellDrainMs + settings.farewellReplyMs);
  }

  /** Whether neither side has said that it leaves. */
  get isStaying(): boolean {
    return this.#farewell.state === 'none';
  }

  /** Whether this side has said goodbye: it begins nothing any more. */
  get hasSaidGoodbye(): boolean {
    return this.#farewell.state === 'said';
  }

  /** Whether the peer may end the connection without anything being wrong. */
  get allowsEnd(): boolean {
    return this.#farewell.state === 'said' || this.#farewell.peerReceived !== undefined;
  }

  get reason(): CloseReason {
    return this.#farewell.reason;
  }

  get deadlineMs(): number {
    return this.#farewell.deadlineMs;
  }

  /** What became of the messages given to this side, as far as it is known. */
  get deliveries(): ChannelDelivery[] {
    return this.#parts.channels.deliveries(this.#farewell.peerReceived);
  }

  /** This side leaves. */
  begin(code: WireError, message: string, drainUntilMs: number): void {
    this.#farewell.begin('local', code, toSentence(message), drainUntilMs);
  }

  handlePeerGoodbye(goodbye: GoAway, nowMs: number): void {
    this.#parts.receiver.state = 'after-goodbye';
    this.#farewell.handlePeerGoodbye(goodbye);
    this.#farewell.begin('remote', goodbye.code, goodbye.message, nowMs + this.#drainMs);
    // The peer will send no more of any transfer, nor answer one.
    this.#parts.transfers.stop(errorOfClosing(this.#farewell.reason));
  }

  handleReceived(nowMs: number): void {
    this.#farewell.handleReceived(nowMs);
  }

  /** Takes the next step if it is time for it; returns the reason once the session is over. */
  advance(nowMs: number): CloseReason | undefined {
    const { channels, transfers } = this.#parts;
    const isDrained = this.#farewell.state === 'draining' && channels.queuedBytes === 0 && !transfers.hasOpen;
    if (this.#farewell.isGoodbyeDue(isDrained, nowMs)) this.#sayGoodbye(nowMs);
    return this.#farewell.isOver(nowMs) ? this.#farewell.reason : undefined;
  }

  end(): void {
    this.#farewell.end();
  }

  #sayGoodbye(nowMs: number): void {
    const { control, channels, transfers, router } = this.#parts;
    const error = errorOfClosing(this.#farewell.reason);
    transfers.stop(error);
    channels.stopSending(error);
    router.ignoresTransfers = true;
    control.queueMessage(FrameType.GOAWAY, 0, { ...this.#farewell.words, received: channels.receivedMessages });
    this.#farewell.handleGoodbyeSent(nowMs);
  }
}

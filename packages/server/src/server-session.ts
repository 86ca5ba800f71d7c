import { requireNumber, requireRate, type Settings, type WireError } from '@tcpcomm/protocol';
import {
  type CloseOptions,
  type CloseReport,
  type FileTransfer,
  type Notice,
  Session,
  type SessionSetup,
  type SessionTerms,
  type Transport,
} from '@tcpcomm/session';
import { paceFor } from './pace.ts';

const MIN_WEIGHT = 0.01;
const MAX_WEIGHT = 100;

/** The server as its sessions see it: it hears what they hear. */
export interface SessionHost {
  readonly hearsMessages: boolean;
  handleMessage(bytes: Uint8Array, channel: number, session: ServerSession): unknown;
  readonly hearsNotices: boolean;
  handleNotice(notice: Notice): void;
  handleTransfer(transfer: FileTransfer, session: ServerSession): void;
}

/**
 * A server's end of the session with one client. The object belongs to that session alone: when it has ended it stays
 * closed, whoever is given its number afterwards.
 */
export class ServerSession extends Session {
  readonly #host: SessionHost;

  /** Made by the server when it has accepted a client. */
  constructor(transport: Transport, terms: SessionTerms, setup: SessionSetup, host: SessionHost) {
    super(setup);
    this.#host = host;
    this.begin(transport, terms);
  }

  /**
   * Sets what this session may send and receive together, bytes a second, until the server's rate is set anew; 0 or Infinity for
   * no limit. Holds at once, for transfers that run too; the client is told.
   *
   * @throws UsageError for what is no rate
   */
  throttleNetworkBps(bytesPerSecond: number): void {
    requireRate('bytesPerSecond', bytesPerSecond);
    this.setPace(paceFor(bytesPerSecond));
  }

  /**
   * Sets this session's share of the server's total: with 3 it gets three times as much as one with 1, the default, while both
   * want more than there is.
   *
   * @param weight 0.01 to 100
   * @throws UsageError for a weight out of that range
   */
  setWeight(weight: number): void {
    requireNumber('weight', weight, MIN_WEIGHT, MAX_WEIGHT);
    this.link?.setWeight(weight);
  }

  /** Used by the server, when its total changes: what that held back may go now. */
  reconsider(): void {
    this.link?.engine.reconsider();
  }

  /** Used by the server, when its rate changes: this session's bytes leave at the new one, and the client is told. */
  setPace(pace: Settings): void {
    this.link?.setPace(pace);
  }

  /** Used by the server, when somebody has begun to listen to it: messages that wait are handed over. */
  resumeMessages(): void {
    this.inboxes.resume();
  }

  /** Closes with a code of the error table as the reason; otherwise as `close`. */
  override closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    return super.closeWith(code, message, options);
  }

  protected override get hearsMessages(): boolean {
    return this.#host.hearsMessages;
  }

  protected override handleMessage(bytes: Uint8Array, channel: number): unknown {
    return this.#host.handleMessage(bytes, channel, this);
  }

  protected override get hearsNotices(): boolean {
    return this.#host.hearsNotices;
  }

  protected override handleNotice(notice: Notice): void {
    this.#host.handleNotice(notice);
  }

  protected override handleTransfer(transfer: FileTransfer): void {
    this.#host.handleTransfer(transfer, this);
  }
}

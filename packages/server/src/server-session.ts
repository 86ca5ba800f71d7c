import type { Settings, WireError } from '@tcpcomm/protocol';
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

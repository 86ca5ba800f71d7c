import type { Settings, WireError } from '@tcpcomm/protocol';
import {
  type CloseOptions,
  type CloseReport,
  Session,
  type SessionOwner,
  type SessionSetup,
  type SessionTerms,
  type Transport,
} from '@tcpcomm/session';

/**
 * A server's end of the session with one client. The object belongs to that session alone: when it has ended it stays closed,
 * whoever is given its number afterwards.
 */
export class ServerSession extends Session {
  /** Made by the server when it has accepted a client. */
  constructor(transport: Transport, terms: SessionTerms, setup: SessionSetup, owner: SessionOwner) {
    super(setup, owner);
    this.begin(transport, terms);
  }

  /** Used by the server, when its rate changes: this session's bytes leave at the new one, and the client is told. */
  setPace(pace: Settings): void {
    this.link?.setPace(pace);
  }

  /** Used by the server, when somebody has begun to listen to it: messages that wait are handed over. */
  override resumeMessages(): void {
    super.resumeMessages();
  }

  /** Closes with a code of the error table as the reason; otherwise as `close`. */
  override closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    return super.closeWith(code, message, options);
  }
}

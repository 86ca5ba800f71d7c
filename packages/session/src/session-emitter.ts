import { EventEmitter } from 'node:events';
import type { CloseReason } from './engine/ending/close-reason.ts';
import type { Notice } from './notice.ts';
import type { ConnectionDetails, ReconnectAttempt, SessionEventMap } from './session-events.ts';

/**
 * What a session tells its listeners, and those that stand above it. One that throws or rejects disturbs nothing but itself: it is told
 * of as a notice, or a warning of the process where nobody takes notices.
 */
export abstract class SessionEmitter extends EventEmitter<SessionEventMap> {
  protected constructor() {
    super({ captureRejections: true });
  }

  abstract readonly sessionId: number;

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.reportFailure(error);
  }

  /** Whether somebody takes notices besides the listeners of this object. */
  protected abstract readonly hearsNotices: boolean;
  /** Hands a notice to whoever takes them besides the listeners of this object. */
  protected abstract handleNotice(notice: Notice): void;

  protected get wantsNotices(): boolean {
    return this.hearsNotices || this.listenerCount('notice') > 0;
  }

  protected handleConnected(details: ConnectionDetails): void {
    this.announce('connected', details);
  }

  protected handleDisconnected(reason: CloseReason): void {
    this.announce('disconnected', reason);
  }

  protected handleReconnecting(attempt: ReconnectAttempt): void {
    this.announce('reconnecting', attempt);
  }

  protected handleMessagesWritten(channel: number, messages: number): void {
    if (!this.wantsNotices) return;
    for (let at = 0; at < messages; at += 1) this.notify({ kind: 'bytes-sent', text: 'UBS', channel });
  }

  /** Emits an event. */
  protected announce<Name extends keyof SessionEventMap>(name: Name, ...details: SessionEventMap[Name]): void {
    try {
      // The emitter's own types cannot follow a name that is still a type parameter.
      (this as EventEmitter).emit(name, ...details);
    } catch (error) {
      this.reportFailure(error);
    }
  }

  protected notify(notice: Notice): void {
    const full = { sessionId: this.sessionId, ...notice };
    try {
      this.emit('notice', full);
      this.handleNotice(full);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }

  /** A handler of the application failed: that is its affair, and neither the session's nor the process's end. */
  protected reportFailure(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (this.wantsNotices) this.notify({ kind: 'error', text: `ERR: ${error.message}`, error });
    else process.emitWarning(error);
  }
}

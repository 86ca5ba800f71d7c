import type { CloseReason } from './engine/ending/close-reason.ts';
import { GuardedEmitter } from './guarded-emitter.ts';
import type { Notice } from './notice.ts';
import type { ConnectionDetails, ReconnectAttempt, SessionEventMap } from './session-events.ts';

/** What a session tells its listeners, and those that stand above it. */
export abstract class SessionEmitter extends GuardedEmitter<SessionEventMap> {
  abstract readonly sessionId: number;

  /** Whether somebody takes notices besides the listeners of this object. */
  protected abstract readonly hearsNotices: boolean;
  /** Hands a notice to whoever takes them besides the listeners of this object. */
  protected abstract handleNotice(notice: Notice): void;

  protected override get wantsNotices(): boolean {
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

  protected override notify(notice: Notice): void {
    const full = { sessionId: this.sessionId, ...notice };
    try {
      this.emit('notice', full);
      this.handleNotice(full);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }
}

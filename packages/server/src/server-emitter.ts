import { EventEmitter } from 'node:events';
import { NOTICE_CHANNEL } from '@tcpcomm/protocol';
import type { Notice } from '@tcpcomm/session';
import type { ServerEventMap } from './server-events.ts';
import type { ServerCallback } from './server-options.ts';

const textEncoder = new TextEncoder();

/**
 * What a server tells its listeners, and the callback that it was given. One that throws or rejects disturbs nothing but itself: it is told of as
 * a notice, or a warning of the process where nobody takes notices.
 */
export abstract class ServerEmitter extends EventEmitter<ServerEventMap> {
  protected readonly callback: ServerCallback | undefined;

  protected constructor(callback: ServerCallback | undefined) {
    super({ captureRejections: true });
    this.callback = callback;
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.reportFailure(error);
  }

  protected get hearsNotices(): boolean {
    return this.callback !== undefined || this.listenerCount('notice') > 0;
  }

  protected notify(notice: Notice): void {
    try {
      this.emit('notice', notice);
      this.callback?.(textEncoder.encode(notice.text), notice.sessionId ?? 0, NOTICE_CHANNEL);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }

  /** Emits an event. */
  protected announce<Name extends keyof ServerEventMap>(name: Name, ...details: ServerEventMap[Name]): void {
    try {
      // The emitter's own types cannot follow a name that is still a type parameter.
      (this as EventEmitter).emit(name, ...details);
    } catch (error) {
      this.reportFailure(error);
    }
  }

  protected reportFailure(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (this.hearsNotices) this.notify({ kind: 'error', text: `ERR: ${error.message}`, error });
    else process.emitWarning(error);
  }
}

import { EventEmitter } from 'node:events';
import type { Notice } from './notice.ts';

/**
 * Emits events to listeners of which one that throws or rejects disturbs nothing but itself: it is told of as a notice, or a warning of the process where
 * nobody takes notices.
 */
export abstract class GuardedEmitter<Events extends Record<keyof Events, unknown[]>> extends EventEmitter<Events> {
  protected constructor() {
    super({ captureRejections: true });
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.reportFailure(error);
  }

  /** Whether anybody takes notices. */
  protected abstract readonly wantsNotices: boolean;
  protected abstract notify(notice: Notice): void;

  /** Emits an event. */
  protected announce<Name extends keyof Events>(name: Name, ...details: Events[Name]): void {
    try {
      // The emitter's own types cannot follow a name that is still a type parameter.
      (this as EventEmitter).emit(name as string, ...details);
    } catch (error) {
      this.reportFailure(error);
    }
  }

  /** A listener or handler of the application failed: that is its affair, and neither the session's nor the process's end. */
  protected reportFailure(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    if (this.wantsNotices) this.notify({ kind: 'error', text: `ERR: ${error.message}`, error });
    else process.emitWarning(error);
  }
}

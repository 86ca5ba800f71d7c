import { NOTICE_CHANNEL } from '@tcpcomm/protocol';
import { GuardedEmitter, type Notice } from '@tcpcomm/session';
import type { ServerEventMap } from './server-events.ts';
import type { ServerCallback } from './server-options.ts';

const textEncoder = new TextEncoder();

/** What a server tells its listeners, and the callback that it was given. */
export abstract class ServerEmitter extends GuardedEmitter<ServerEventMap> {
  protected readonly callback: ServerCallback | undefined;

  protected constructor(callback: ServerCallback | undefined) {
    super();
    this.callback = callback;
  }

  protected override get wantsNotices(): boolean {
    return this.callback !== undefined || this.listenerCount('notice') > 0;
  }

  protected override notify(notice: Notice): void {
    try {
      this.emit('notice', notice);
      this.callback?.(textEncoder.encode(notice.text), notice.sessionId ?? 0, NOTICE_CHANNEL);
    } catch (error) {
      process.emitWarning(error as Error);
    }
  }
}

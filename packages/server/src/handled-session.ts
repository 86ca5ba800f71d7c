import type { Reject } from '@tcpcomm/protocol';
import type { CloseReason, FileTransfer, RequestHandler } from '@tcpcomm/session';
import type { ServerHandlers } from './handlers.ts';
import type { LocalServerSession } from './local-server-session.ts';
import type { ServerSessionEvents } from './server-backend.ts';
import { ServerSession, type SessionHost } from './server-session.ts';

/**
 * Makes a session on this thread that handlers serve, by a `ServerSession` of their own. Whoever else has it, on whatever thread, hears all but its
 * messages, and of handlers that fail.
 */
export function createHandledSession(
  handlers: ServerHandlers,
  events: ServerSessionEvents,
  createSession: (events: ServerSessionEvents) => LocalServerSession,
): LocalServerSession {
  const host = new HandlersHost(handlers, events);
  let local!: LocalServerSession;
  const session: ServerSession = new HandledSession(
    (own) => {
      const handleBegun = () => {
        host.handleBegun(session);
      };
      local = createSession(heardByBoth(own, events, handleBegun));
      return local;
    },
    host,
    events,
  );
  return local;
}

/** A session as its handlers have it: one that fails is told of where the session is known. */
class HandledSession extends ServerSession {
  readonly #events: ServerSessionEvents;

  constructor(
    createBackend: ConstructorParameters<typeof ServerSession>[0],
    host: SessionHost,
    events: ServerSessionEvents,
  ) {
    super(createBackend, host);
    this.#events = events;
  }

  protected override reportFailure(cause: unknown): void {
    this.#events.onListenerFailed(cause);
  }
}

/** What stands above the sessions of handlers, as the server does above others. */
class HandlersHost implements SessionHost {
  readonly hearsMessages: boolean;
  readonly hearsNotices = false;
  readonly #handlers: ServerHandlers;
  readonly #events: ServerSessionEvents;

  constructor(handlers: ServerHandlers, events: ServerSessionEvents) {
    this.hearsMessages = handlers.onMessage !== undefined;
    this.#handlers = handlers;
    this.#events = events;
  }

  handleBegun(session: ServerSession): void {
    this.#run(() => this.#handlers.onSession?.(session));
  }

  handleMessage(bytes: Uint8Array, channel: number, session: ServerSession): unknown {
    return this.#handlers.onMessage?.(bytes, channel, session);
  }

  readonly hasHandlers = false;

  requestHandlerFor(): RequestHandler | undefined {
    return this.#handlers.onRequest;
  }

  handleNotice(): void {
    // They hear none.
  }

  handleTransfer(transfer: FileTransfer, session: ServerSession): void {
    this.#run(() => this.#handlers.onTransfer?.(transfer, session));
  }

  handleSuspended(): void {
    // Its events say so.
  }

  handleResumed(): void {
    // Its events say so.
  }

  handleClosed(session: ServerSession, reason: CloseReason): void {
    this.#run(() => this.#handlers.onSessionClosed?.(session, reason));
  }

  identify(_session: ServerSession, machineId: string, settle: (refusal: Reject | undefined) => void): void {
    this.#events.onIdentify(machineId, settle);
  }

  #run(handler: () => unknown): void {
    void (async () => {
      try {
        await handler();
      } catch (error) {
        this.#events.onListenerFailed(error);
      }
    })();
  }
}

/** One after the other; messages are for the first one alone, which asks the other for another machine id. */
function heardByBoth(one: ServerSessionEvents, other: ServerSessionEvents, onBegun: () => void): ServerSessionEvents {
  return {
    onMessage: one.onMessage.bind(one),
    onIdentify: one.onIdentify.bind(one),
    onMessagesWritten: (...details) => {
      one.onMessagesWritten(...details);
      other.onMessagesWritten(...details);
    },
    onPace: () => {
      one.onPace();
      other.onPace();
    },
    onConnected: (details) => {
      one.onConnected(details);
      other.onConnected(details);
      if (!details.reconnected) onBegun();
    },
    onDisconnected: (reason) => {
      one.onDisconnected(reason);
      other.onDisconnected(reason);
    },
    onReconnecting: (attempt) => {
      one.onReconnecting(attempt);
      other.onReconnecting(attempt);
    },
    onSuspended: (suspension) => {
      one.onSuspended(suspension);
      other.onSuspended(suspension);
    },
    onResumed: () => {
      one.onResumed();
      other.onResumed();
    },
    onTransferBegun: (file) => {
      one.onTransferBegun(file);
      other.onTransferBegun(file);
    },
    onTransferEnded: (file) => {
      one.onTransferEnded(file);
      other.onTransferEnded(file);
    },
    onListenerFailed: (error) => {
      other.onListenerFailed(error);
    },
    onClosed: (reason) => {
      one.onClosed(reason);
      other.onClosed(reason);
    },
  };
}

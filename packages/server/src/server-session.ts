import { type Reject, requireNumber, requireRate, UsageError, type WireError } from '@tcpcomm/protocol';
import {
  type CloseOptions,
  type CloseReason,
  type CloseReport,
  type FileTransfer,
  type Notice,
  type RequestHandler,
  Session,
} from '@tcpcomm/session';
import { paceFor } from './pace.ts';
import type { ServerBackend, ServerSessionEvents } from './server-backend.ts';

const MIN_WEIGHT = 0.01;
const MAX_WEIGHT = 100;

/** The server as its sessions see it: it hears what they hear. */
export interface SessionHost {
  readonly hearsMessages: boolean;
  handleMessage(bytes: Uint8Array, channel: number, session: ServerSession): unknown;
  readonly hearsNotices: boolean;
  handleNotice(notice: Notice): void;
  handleTransfer(transfer: FileTransfer, session: ServerSession): void;
  handleSuspended(session: ServerSession): void;
  /** Who answers requests on a channel that the session itself does not. */
  requestHandlerFor(channel: number): RequestHandler | undefined;
  /** Whether requests and arrays of its sessions are those of a module of handlers. */
  readonly hasHandlers: boolean;
  handleClosed(session: ServerSession, reason: CloseReason): void;
  handleResumed(session: ServerSession): void;
  /** The client wants another machine id. @param settle to be called once: the session has it then, or is told why not */
  identify(session: ServerSession, machineId: string, settle: (refusal: Reject | undefined) => void): void;
}

/**
 * A server's end of the session with one client. The object belongs to that session alone: when it has ended it stays
 * closed, whoever is given its number afterwards.
 */
export class ServerSession extends Session<ServerBackend> {
  readonly #host: SessionHost;
  /** Used by the server. */
  declare readonly backend: ServerBackend;

  /** Made by the server when it lets a client in. */
  constructor(createBackend: (events: ServerSessionEvents) => ServerBackend, host: SessionHost) {
    super('server', (events) =>
      createBackend(
        Object.assign(events, {
          onSuspended: () => {
            host.handleSuspended(this);
          },
          onResumed: () => {
            host.handleResumed(this);
          },
          onIdentify: (machineId: string, settle: (refusal: Reject | undefined) => void) => {
            host.identify(this, machineId, settle);
          },
        }),
      ),
    );
    this.#host = host;
  }

  /**
   * Sets what this session may send and receive together, bytes a second, until the server's rate is set anew; 0 or Infinity for
   * no limit. Holds at once, for transfers that run too; the client is told.
   *
   * @throws UsageError for what is no rate
   */
  throttleNetworkBps(bytesPerSecond: number): void {
    requireRate('bytesPerSecond', bytesPerSecond);
    this.backend.setPace(paceFor(bytesPerSecond));
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
    this.backend.setShare(weight);
  }

  /** Used by the server, when somebody has begun to listen to it: messages that wait are handed over. */
  override handleListening(): void {
    super.handleListening();
  }

  /** Closes with a code of the error table as the reason; otherwise as `close`. */
  override closeWith(code: WireError, message: string, options: CloseOptions): Promise<CloseReport> {
    return super.closeWith(code, message, options);
  }

  protected override handleClosed(reason: CloseReason): void {
    // Behind the ends of its transfers, and before its number is free for another session.
    queueMicrotask(() => {
      this.#host.handleClosed(this, reason);
    });
    super.handleClosed(reason);
  }

  protected override get hearsMessages(): boolean {
    return this.#host.hearsMessages;
  }

  protected override handleMessage(bytes: Uint8Array, channel: number): unknown {
    return this.#host.handleMessage(bytes, channel, this);
  }

  protected override requestHandlerFor(channel: number): RequestHandler | undefined {
    return this.#host.requestHandlerFor(channel);
  }

  protected override requireOwnLanes(): void {
    if (this.#host.hasHandlers)
      throw new UsageError('the handlers have requests and arrays of this session: use them there');
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

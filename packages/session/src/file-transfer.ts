import { EventEmitter } from 'node:events';
import { requireOptions, type TcpCommError, TransferError, UsageError, WireError } from '@tcpcomm/protocol';
import type { LimitedBy } from './engine/engine-observer.ts';
import { type Priority, requireSendPolicy, type SendPolicyOptions } from './engine/sending/send-policy.ts';
import type {
  TransferDirection,
  TransferProgress,
  TransferResult,
  TransferState,
  TransferView,
} from './transfer-record.ts';

export interface FileTransferEvents {
  /** About ten times a second while bytes move, and once when the transfer has ended. */
  progress: [progress: TransferProgress];
}

/** How this end sends the file. */
export interface TransferSending {
  readonly priority: Priority;
  readonly weight: number;
  /** The transfer's own limit, Infinity for none. */
  readonly limitBytesPerSecond: number;
  /** Bytes that have been read and wait to be sent. */
  readonly queuedBytes: number;
  readonly limitedBy: LimitedBy;
}

export interface TransferStats extends TransferProgress {
  readonly id: number;
  readonly name: string;
  readonly direction: TransferDirection;
  readonly state: TransferState;
  /** Of an outgoing file; for an incoming one the peer decides. */
  readonly sending?: TransferSending;
}

/** What a user's `FileTransfer` can do with the transfer behind it. */
export interface TransferControl {
  cancel(error: TransferError): void;
  /** Undefined for a file that is received, and until it has its turn. */
  sending(): TransferSending | undefined;
  changePolicy(options: SendPolicyOptions): void;
  pause(isPaused: boolean): void;
}

/**
 * A file on its way, as its user sees it: await `done`, listen to `progress`, iterate over the transfer, or look at its
 * `progress` now and then. One that nobody looks at may fail without harm to the process.
 */
export class FileTransfer extends EventEmitter<FileTransferEvents> implements AsyncIterable<TransferProgress> {
  readonly #record: TransferView;
  readonly #control: TransferControl;
  readonly #reportFailure: (error: unknown) => void;

  /** Made by `getFile` and `sendFile`, and for what the peer begins. */
  constructor(record: TransferView, control: TransferControl, reportFailure: (error: unknown) => void) {
    super({ captureRejections: true });
    this.#record = record;
    this.#control = control;
    this.#reportFailure = reportFailure;
    record.onProgress = () => {
      try {
        this.emit('progress', this.progress);
      } catch (error) {
        // A listener's failure is not the file's.
        reportFailure(error);
      }
    };
  }

  /** The number of the transfer in its session, 0 while it waits for its turn; a later one may have it again. */
  get id(): number {
    return this.#record.id;
  }

  get direction(): TransferDirection {
    return this.#record.direction;
  }

  /** The name by which both ends know the file: a path below the root of the end that offers or takes it. */
  get name(): string {
    return this.#record.name;
  }

  /**
   * Resolves when the file is complete, verified by its hash, durable, and has its final name at the receiver. Rejects with a
   * TransferError, or with the error for which the session ended.
   */
  get done(): Promise<TransferResult> {
    return this.#record.done;
  }

  get state(): TransferState {
    return this.#record.state;
  }

  /** Bytes that the receiver had from an earlier attempt, and that are not sent again. */
  get resumedFromBytes(): number {
    return this.#record.resumedFromBytes;
  }

  /** Why a received file begins anew though an earlier attempt had left something; undefined otherwise. */
  get restartReason(): string | undefined {
    return this.#record.restartReason;
  }

  /** Why it failed or was cancelled; undefined before and otherwise. */
  get error(): TcpCommError | undefined {
    return this.#record.error;
  }

  get progress(): TransferProgress {
    return this.#record.progress;
  }

  /** Its progress, and how it is sent. */
  stats(): TransferStats {
    const { id, name, direction, state } = this;
    const sending = this.#control.sending();
    return { id, name, direction, state, ...this.progress, ...(sending && { sending }) };
  }

  /**
   * Changes how an outgoing file is treated beside what else is sent: its priority (default `background`), its weight among
   * other files, a rate of its own.
   *
   * @throws UsageError for an option out of its range, and for an incoming file: the peer sends it
   */
  setPolicy(options: SendPolicyOptions): void {
    requireOptions('options', options);
    requireSendPolicy(options);
    if (this.direction === 'incoming') throw new UsageError('the policy of a file is set where it is sent from');
    this.#control.changePolicy(options);
  }

  /** Whether it stands still because one of the ends wants that. */
  get isPaused(): boolean {
    return this.#record.isPausedHere || this.#record.isPausedByPeer;
  }

  /** Whether the other end wants that. */
  get isPausedByPeer(): boolean {
    return this.#record.isPausedByPeer;
  }

  /** Lets it stand still until `resume`; what is on its way still arrives. The other end learns it, and may do the same. */
  pause(): void {
    this.#pause(true);
  }

  /** Goes on, unless the other end has paused it too. */
  resume(): void {
    this.#pause(false);
  }

  /** Stops the transfer; both ends learn it, and the receiver removes what it had. (What ends in another way leaves a part behind,
   * with which the next attempt goes on.) Does nothing after the end. */
  cancel(): void {
    if (this.#record.isEnded) return;
    const message = `${JSON.stringify(this.name)}: the transfer was cancelled`;
    this.#control.cancel(new TransferError(WireError.TRANSFER_CANCELLED, message, 'local'));
  }

  #pause(isPaused: boolean): void {
    if (this.#record.isEnded || this.#record.isPausedHere === isPaused) return;
    this.#record.isPausedHere = isPaused;
    this.#control.pause(isPaused);
  }

  /** Node calls it with what an asynchronous listener rejected with. */
  override [EventEmitter.captureRejectionSymbol](error: unknown): void {
    this.#reportFailure(error);
  }

  /** Yields the progress whenever it is reported, the last one when the transfer has ended; then throws if it failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TransferProgress, void, void> {
    // A listener before ours may throw, so the end is not left to the event alone.
    const ended = this.done.catch(() => undefined);
    while (!this.#record.isEnded) {
      await Promise.race([ended, new Promise((resolve) => this.once('progress', resolve))]);
      yield this.progress;
    }
    await this.done;
  }
}

import type { TcpCommError } from '@tcpcomm/protocol';
import type { SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { TransferSending } from '../file-transfer.ts';
import type {
  TransferDirection,
  TransferProgress,
  TransferResult,
  TransferState,
  TransferView,
} from '../transfer-record.ts';
import type { TransferSnapshot } from './thread-messages.ts';

const NO_PROGRESS: TransferProgress = {
  transferredBytes: 0,
  totalBytes: undefined,
  percent: 0,
  bytesPerSecond: 0,
  elapsedMs: 0,
  remainingMs: undefined,
};

/** A transfer that moves on another thread, as it stood when that last told. */
export class MirroredTransfer implements TransferView {
  readonly direction: TransferDirection;
  readonly name: string;
  onProgress: () => void = () => undefined;
  isPausedHere = false;
  readonly #outcome = Promise.withResolvers<TransferResult>();
  #snapshot: TransferSnapshot | undefined;
  #state: TransferState = 'waiting';
  #error: TcpCommError | undefined;

  constructor(direction: TransferDirection, name: string) {
    this.direction = direction;
    this.name = name;
    // A transfer that nobody waits for may fail all the same.
    this.done.catch(() => undefined);
  }

  get id(): number {
    return this.#snapshot?.id ?? 0;
  }

  get state(): TransferState {
    return this.#state;
  }

  get isEnded(): boolean {
    return this.#state !== 'waiting' && this.#state !== 'active';
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.promise;
  }

  get error(): TcpCommError | undefined {
    return this.#error;
  }

  get progress(): TransferProgress {
    return this.#snapshot?.progress ?? NO_PROGRESS;
  }

  get resumedFromBytes(): number {
    return this.#snapshot?.resumedFromBytes ?? 0;
  }

  get restartReason(): string | undefined {
    return this.#snapshot?.restartReason;
  }

  get isPausedByPeer(): boolean {
    return this.#snapshot?.isPausedByPeer ?? false;
  }

  get sending(): TransferSending | undefined {
    return this.#snapshot?.sending;
  }

  /** So it is sent from now on: the other thread is told. */
  changePolicy({ priority, weight, bytesPerSecond }: SendPolicyOptions): void {
    const sending = this.#snapshot?.sending;
    if (this.#snapshot === undefined || sending === undefined) return;
    const limitBytesPerSecond = bytesPerSecond === 0 ? Infinity : bytesPerSecond;
    this.#snapshot = {
      ...this.#snapshot,
      sending: {
        ...sending,
        ...(priority !== undefined && { priority }),
        ...(weight !== undefined && { weight }),
        ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
      },
    };
  }

  /** So it stands there. How it has ended tells `finish` or `fail`. */
  update(snapshot: TransferSnapshot): void {
    if (this.isEnded) return;
    this.#snapshot = snapshot;
    if (snapshot.state === 'waiting' || snapshot.state === 'active') this.#state = snapshot.state;
  }

  finish(result: TransferResult): void {
    if (this.#end('done')) this.#outcome.resolve(result);
  }

  fail(error: TcpCommError): void {
    const isCancelled = error.code === 'ERR_TCPCOMM_TRANSFER_CANCELLED';
    if (this.#end(isCancelled ? 'cancelled' : 'failed', error)) this.#outcome.reject(error);
  }

  #end(state: TransferState, error?: TcpCommError): boolean {
    if (this.isEnded) return false;
    this.#state = state;
    this.#error = error;
    this.onProgress();
    return true;
  }
}

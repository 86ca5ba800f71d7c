import type { TcpCommError } from '@tcpcomm/protocol';
import { FileTransfer } from '../file-transfer.ts';
import type { TransferRequest } from '../io/transfer-request.ts';
import type { SessionBackendEvents } from '../session-backend.ts';
import { fromCloneable } from './cloneable.ts';
import { MirroredTransfer } from './mirrored-transfer.ts';
import type { ToSession, TransferOutcome, TransferSnapshot } from './thread-messages.ts';
import type { TransferDirection, TransferResult } from '../transfer-record.ts';

interface RemoteTransfer {
  readonly mirror: MirroredTransfer;
  readonly file: FileTransfer;
}

/** The transfers of a session on another thread: what the user holds of them. */
export class RemoteTransfers {
  readonly #post: (message: ToSession) => void;
  readonly #events: SessionBackendEvents;
  readonly #transfers = new Map<number, RemoteTransfer>();
  #lastKey = 0;

  constructor(post: (message: ToSession) => void, events: SessionBackendEvents) {
    this.#post = post;
    this.#events = events;
  }

  begin(request: TransferRequest, signal: AbortSignal | undefined): FileTransfer {
    this.#lastKey += 1;
    const key = this.#lastKey;
    const { file } = this.#add(key, request.direction, request.remotePath);
    if (signal?.aborted) {
      this.#transfers.delete(key);
      file.cancel();
      return file;
    }
    this.#post({ kind: 'transfer', key, request });
    const cancel = () => {
      file.cancel();
    };
    const forget = () => {
      signal?.removeEventListener('abort', cancel);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    file.done.then(forget, forget);
    return file;
  }

  update(snapshot: TransferSnapshot): void {
    this.#transfers.get(snapshot.key)?.mirror.update(snapshot);
  }

  handleBegun(snapshot: TransferSnapshot): void {
    const { key, direction, name } = snapshot;
    const { mirror, file } = this.#transfers.get(key) ?? this.#add(key, direction, name);
    mirror.update(snapshot);
    this.#events.onTransferBegun(file);
  }

  handleProgress(snapshot: TransferSnapshot): void {
    const transfer = this.#transfers.get(snapshot.key);
    transfer?.mirror.update(snapshot);
    transfer?.mirror.onProgress();
  }

  handleEnded(snapshot: TransferSnapshot, { result, error }: TransferOutcome): void {
    const { key, direction, name } = snapshot;
    const { mirror, file } = this.#transfers.get(key) ?? this.#add(key, direction, name);
    this.#transfers.delete(key);
    mirror.update(snapshot);
    if (result) mirror.finish(fromCloneable(result) as TransferResult);
    else mirror.fail(fromCloneable(error) as TcpCommError);
    this.#reportEnd(file);
  }

  handleRefused(key: number, error: TcpCommError): void {
    const transfer = this.#transfers.get(key);
    this.#transfers.delete(key);
    transfer?.mirror.fail(error);
  }

  /** There is no other thread any more. */
  stop(error: TcpCommError): void {
    const transfers = [...this.#transfers.values()];
    this.#transfers.clear();
    for (const { mirror, file } of transfers) {
      mirror.fail(error);
      this.#reportEnd(file);
    }
  }

  #reportEnd(file: FileTransfer): void {
    const report = () => {
      this.#events.onTransferEnded(file);
    };
    // Behind those who wait for it.
    file.done.then(report, report);
  }

  #add(key: number, direction: TransferDirection, name: string): RemoteTransfer {
    const mirror = new MirroredTransfer(direction, name);
    const file = new FileTransfer(
      mirror,
      {
        cancel: (error) => {
          if (this.#transfers.has(key)) this.#post({ kind: 'cancel-transfer', key });
          else mirror.fail(error);
        },
        sending: () => mirror.sending,
        changePolicy: (policy) => {
          mirror.changePolicy(policy);
          this.#post({ kind: 'transfer-policy', key, policy });
        },
        pause: (isPaused) => {
          this.#post({ kind: 'pause-transfer', key, isPaused });
        },
      },
      this.#events.onListenerFailed.bind(this.#events),
    );
    const transfer = { mirror, file };
    this.#transfers.set(key, transfer);
    return transfer;
  }
}

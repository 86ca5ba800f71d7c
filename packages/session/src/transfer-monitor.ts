import type { FileTransfer } from './file-transfer.ts';
import type { Notice } from './notice.ts';
import type { Role } from './engine/role.ts';
import type { TransferDirection } from './transfer-record.ts';

/** Follows the transfers of a session: which is the current one of each direction, and what there is to notice of them. */
export class TransferMonitor {
  readonly #role: Role;
  /** In the order of their beginning; the last of a direction is its current one. */
  readonly #running: FileTransfer[] = [];
  /** Those that ended last, one of each direction, for those who ask a moment too late. */
  #last: Partial<Record<TransferDirection, FileTransfer>> | undefined;

  constructor(role: Role) {
    this.#role = role;
  }

  /** All that run, in the order of their beginning. */
  get running(): readonly FileTransfer[] {
    return this.#running;
  }

  /** The transfer that began last and still runs, else the one that ended last. */
  current(direction: TransferDirection): FileTransfer | undefined {
    return this.#running.findLast((file) => file.direction === direction) ?? this.#last?.[direction];
  }

  isRunning(file: FileTransfer): boolean {
    return this.#running.includes(file);
  }

  /** What there is to say of one that begins, or goes on over another connection. */
  handleBegun(file: FileTransfer): Notice[] {
    const notices: Notice[] = [];
    if (!this.isRunning(file)) {
      this.#running.push(file);
      const verb = file.direction === 'incoming' ? 'Receiving' : 'Sending';
      notices.push({ kind: 'transfer-started', text: `${verb} file:${file.name}`, transfer: file });
    }
    const { name, resumedFromBytes, restartReason } = file;
    if (restartReason !== undefined) {
      notices.push({ kind: 'transfer-restarted', text: `Restarting file:${name}, ${restartReason}`, transfer: file });
    } else if (resumedFromBytes > 0) {
      notices.push({
        kind: 'transfer-resumed',
        text: `Resuming file:${name} from byte ${resumedFromBytes}`,
        transfer: file,
      });
    }
    return notices;
  }

  /** What there is to say of an ended transfer. */
  handleEnded(file: FileTransfer): Notice[] {
    const index = this.#running.indexOf(file);
    const hadBegun = index >= 0;
    if (hadBegun) this.#running.splice(index, 1);
    this.#last = { ...this.#last, [file.direction]: file };
    // The arrow tells where the file went: to the client or to the server.
    const arrow = (file.direction === 'outgoing') === (this.#role === 'server') ? '->' : '<-';
    if (file.state === 'done') return [{ kind: 'transfer-done', text: `${arrow}Done`, transfer: file }];
    const error = file.error;
    return [
      ...(hadBegun ? [{ kind: 'transfer-aborted', text: `${arrow}Aborted.`, transfer: file } as const] : []),
      ...(error && file.state === 'failed'
        ? [{ kind: 'error', text: `ERR: ${error.message}`, transfer: file, error } as const]
        : []),
    ];
  }
}

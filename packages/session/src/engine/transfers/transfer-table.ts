import { LimitError, ProtocolError, WireError } from '@tcpcomm/protocol';
import { isOwnTransferId, type Role } from '../role.ts';
import type { TransferIds } from './transfer-ids.ts';
import type { Transfer } from './transfer.ts';

/** The open transfers of a session by id, and the bounds on them. */
export class TransferTable<Entry extends Transfer> {
  readonly #role: Role;
  readonly #maxOfEachSide: number;
  readonly #transfers = new Map<number, Entry>();
  readonly #ids: TransferIds;

  constructor(role: Role, maxOfEachSide: number, ids: TransferIds) {
    this.#role = role;
    this.#maxOfEachSide = maxOfEachSide;
    this.#ids = ids;
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#transfers.values();
  }

  get hasOpen(): boolean {
    return this.#transfers.values().some((transfer) => transfer.isOpen);
  }

  get(id: number): Entry | undefined {
    return this.#transfers.get(id);
  }

  /**
   * An id for a transfer that this side begins.
   *
   * @throws LimitError when this side has as many open as the bound allows
   */
  takeOwnId(): number {
    const open = this.#countOf(true);
    if (open >= this.#maxOfEachSide) {
      throw new LimitError(
        'maxTransfers',
        this.#maxOfEachSide,
        open + 1,
        `${open} transfers begun here are open, maxTransfers is ${this.#maxOfEachSide}; wait for one to end`,
      );
    }
    return this.#ids.take((id) => this.#transfers.has(id));
  }

  /** @throws ProtocolError `INVALID_TRANSFER` for an id that the peer may not begin a transfer with */
  checkPeerId(id: number): void {
    if (id !== 0 && !isOwnTransferId(this.#role, id) && !this.#transfers.has(id)) return;
    throw new ProtocolError(
      WireError.INVALID_TRANSFER,
      `transfer id ${id} is not one that the peer may begin with now`,
    );
  }

  /** Whether the peer has as many transfers open as the bound allows. */
  get isFullForPeer(): boolean {
    return this.#countOf(false) >= this.#maxOfEachSide;
  }

  add(transfer: Entry): void {
    this.#transfers.set(transfer.id, transfer);
  }

  remove(id: number): void {
    this.#transfers.delete(id);
  }

  #countOf(isOwn: boolean): number {
    let count = 0;
    for (const id of this.#transfers.keys()) if (isOwnTransferId(this.#role, id) === isOwn) count += 1;
    return count;
  }
}

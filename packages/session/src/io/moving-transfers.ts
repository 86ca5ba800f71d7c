import { type FileAbort, type Standing, type TcpCommError, TransferError, WireError } from '@tcpcomm/protocol';
import { isOwnTransferId, type Role } from '../engine/role.ts';
import type { TransferCourse } from './transfer-course.ts';

/** So many of the latest endings are known when a session is taken up again; more cannot have been under way. */
const MAX_REMEMBERED = 64;

/** A course that has had its turn. */
interface Moving {
  readonly course: TransferCourse;
  /** Begins it again, on the connection that there is now; undefined if it is the peer who does. */
  readonly beginAgain: ((id?: number) => void) | undefined;
}

/** Ends a transfer of the connection that there is now. */
export type Abandon = (id: number, abort: FileAbort) => void;

/**
 * The transfers that had their turn and have not ended, and how the latest ended that did: what is told, heard and done of them when a
 * session is taken up again (docs/PROTOCOL.md §9.8).
 */
export class MovingTransfers {
  readonly #role: Role;
  readonly #moving = new Map<number, Moving>();
  /**
   * Received whole, each with its name if that is not the one that it was offered by. It is told at each resumption, until the number is
   * used again or there are too many: whether the peer has heard it the last time is not known.
   */
  readonly #done = new Map<number, string | undefined>();
  /** Begun by the peer, and ended here otherwise: kept in the same way, for a peer that goes on with it. */
  readonly #refused = new Map<number, FileAbort>();
  /** What the peer was told that it goes on, and what the peer goes on with. */
  #told: readonly number[] = [];
  #continuedByPeer = new Set<number>();

  constructor(role: Role) {
    this.#role = role;
  }

  handleTurn(course: TransferCourse, beginAgain?: (id?: number) => void): void {
    const { id } = course.file;
    this.#moving.set(id, { course, beginAgain });
    this.#done.delete(id);
    this.#refused.delete(id);
    this.#continuedByPeer.delete(id);
  }

  handleEnded({ file }: TransferCourse, asked: string): void {
    const { id, state, direction, error } = file;
    if (!this.#moving.delete(id)) return;
    if (state === 'done') {
      if (direction === 'incoming') {
        void file.done.then(({ name }) => {
          remember(this.#done, id, name === asked ? undefined : name);
        });
      }
    } else if (!isOwnTransferId(this.#role, id) && error) {
      const code = error instanceof TransferError ? error.number : WireError.TRANSFER_CANCELLED;
      remember(this.#refused, id, { code, message: error.message });
    }
  }

  /** The peer's transfer of that id, if it goes on with it. */
  continued(id: number): TransferCourse | undefined {
    const course = this.#moving.get(id)?.course;
    return course?.isInterrupted ? course : undefined;
  }

  /** Why a transfer that the peer begins again has ended here; undefined for one that is new, or goes on. */
  refusalOf(id: number): FileAbort | undefined {
    return this.#continuedByPeer.delete(id) ? this.#refused.get(id) : undefined;
  }

  /** Resolves when none is left of which it is decided how it ends, and not done yet. */
  async settled(): Promise<void> {
    const deciding = Array.from(this.#moving.values()).filter(({ course }) => !course.isInterrupted);
    await Promise.allSettled(deciding.map(({ course }) => course.file.done));
  }

  /** What the peer has to know. */
  get standing(): Standing['transfers'] {
    const own = Array.from(this.#moving).filter(([, { course, beginAgain }]) => beginAgain && course.isInterrupted);
    this.#told = own.map(([id]) => id);
    const done = Array.from(this.#done, ([id, path]) => ({ id, ...(path !== undefined && { path }) }));
    return { continued: [...this.#told], done };
  }

  /** Goes on with what was interrupted, as far as the peer does; with a peer that knows nothing of it, with what is this end's own. */
  resume(peer: Standing['transfers'] | undefined, abandon: Abandon): void {
    if (peer === undefined) {
      this.#done.clear();
      this.#refused.clear();
    }
    const done = new Map(peer?.done.map(({ id, path }) => [id, path]));
    this.#continuedByPeer = new Set(peer?.continued);
    for (const id of this.#told) {
      if (peer && !this.#moving.has(id))
        abandon(id, { code: WireError.TRANSFER_CANCELLED, message: 'cancelled meanwhile' });
    }
    for (const [id, moving] of [...this.#moving]) {
      if (!moving.course.isInterrupted) continue;
      if (moving.course.file.direction === 'outgoing' && done.has(id)) moving.course.confirm(done.get(id));
      else if (moving.beginAgain) this.#beginAgain(id, moving.beginAgain, peer !== undefined);
      else if (!this.#continuedByPeer.has(id)) moving.course.fail(cancelled(moving.course));
    }
  }

  /** The peer does not go on with it after all. */
  abandon(id: number, { code, message }: FileAbort): void {
    this.#continuedByPeer.delete(id);
    this.continued(id)?.fail(new TransferError(code, message, 'remote'));
  }

  /** There will be no other connection. */
  stop(error: TcpCommError): void {
    for (const { course } of [...this.#moving.values()]) if (course.isInterrupted) course.fail(error);
  }

  #beginAgain(id: number, begin: (id?: number) => void, isKnown: boolean): void {
    this.#moving.delete(id);
    begin(isKnown ? id : undefined);
  }
}

function cancelled({ file }: TransferCourse): TransferError {
  const message = `${JSON.stringify(file.name)}: the peer did not go on with it when the connection was back`;
  return new TransferError(WireError.TRANSFER_CANCELLED, message, 'remote');
}

function remember<Value>(map: Map<number, Value>, id: number, value: Value): void {
  map.delete(id);
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return;
    map.delete(oldest);
  }
}

import {
  type FileAbort,
  type FolderEntry,
  SessionClosedError,
  type Standing,
  type TcpCommError,
} from '@tcpcomm/protocol';
import type { Role } from '../engine/role.ts';
import type { SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { SessionEngine } from '../engine/session-engine.ts';
import type { IncomingTransfer } from '../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from '../engine/transfers/outgoing-transfer.ts';
import type { FileTransfer } from '../file-transfer.ts';
import { type TransferDirection, TransferRecord } from '../transfer-record.ts';
import { MovingTransfers } from './moving-transfers.ts';
import { TransferCourse } from './transfer-course.ts';
import { TransferQueue, type Waiting } from './transfer-queue.ts';

/** What a session hears of its transfers, whichever end began them. */
export interface FileExchangeEvents {
  /** Both ends agree; bytes may flow. Also when it goes on over another connection. */
  onTransferBegun(file: FileTransfer): void;
  /** Ended well or not, also one that never began. */
  onTransferEnded(file: FileTransfer): void;
  /** A listener of a transfer threw or rejected. */
  onListenerFailed(error: unknown): void;
}

/**
 * The transfers of a session, over all its connections: when each has its turn, what its user is told, and what is left to do when a
 * connection has been lost.
 */
export class TransferCourses {
  /** Of the connection that there is, or was last. */
  #engine: SessionEngine | undefined;
  readonly #events: FileExchangeEvents;
  readonly #queue = new TransferQueue();
  readonly #running = new Set<FileTransfer>();
  readonly #moving: MovingTransfers;

  constructor(role: Role, events: FileExchangeEvents) {
    this.#moving = new MovingTransfers(role);
    this.#events = events;
  }

  /** Nothing begins before there is one. */
  get engine(): SessionEngine {
    if (this.#engine === undefined) throw new SessionClosedError('there is no connection');
    return this.#engine;
  }

  /** Begins one that this end sends, over the connection that there is. */
  beginOutgoing(policy: SendPolicyOptions, id: number | undefined): OutgoingTransfer {
    const engine = this.engine;
    const transfer = engine.transfers.beginOutgoing(id);
    engine.changePolicy(transfer.policy, policy, performance.now());
    return transfer;
  }

  /** What the peer has to know of the transfers when the session is taken up again. */
  get standing(): Standing['transfers'] {
    return this.#moving.standing;
  }

  /**
   * There is a connection: goes on with what the one before has interrupted, and begins what waits.
   *
   * @param peer what it said of the transfers; undefined if it knows of none
   */
  attach(engine: SessionEngine, peer: Standing['transfers'] | undefined): void {
    this.#engine = engine;
    this.#moving.resume(peer, (id, abort) => {
      engine.transfers.abandon(id, abort);
    });
    this.#queue.resume();
  }

  /** The connection is lost. */
  detach(): void {
    this.#queue.pause();
  }

  /** Resolves when all has ended of which that was decided before the connection was lost. */
  async decided(): Promise<void> {
    await this.#moving.settled();
  }

  /** There will be no other connection. */
  stop(error: TcpCommError): void {
    this.#moving.stop(error);
    this.#queue.fail();
  }

  /** The peer does not go on with a transfer after all. */
  handleAbandoned(id: number, abort: FileAbort): void {
    this.#moving.abandon(id, abort);
  }

  /** Resolves when no transfer runs any more and what they left open or behind is closed and removed. */
  async settled(): Promise<void> {
    await Promise.allSettled(Array.from(this.#running, (file) => file.done));
  }

  /**
   * Begins what this end wants, now or in its turn.
   *
   * @param begin gives the course to whoever moves it, over the connection that there is; under an id that it had before, if any
   * @throws LimitError when too many wait already
   */
  enter(
    direction: TransferDirection,
    name: string,
    signal: AbortSignal | undefined,
    begin: (course: TransferCourse, id?: number) => void,
  ): FileTransfer {
    this.#queue.requireRoom();
    const course: TransferCourse = this.#course(direction, name, false, (id) => {
      begin(course, id);
    });
    const { file } = course;
    if (signal?.aborted) {
      file.cancel();
      return file;
    }
    const entry = {
      begin: () => {
        begin(course);
      },
      fail: () => {
        course.fail(closedBefore(name));
      },
    };
    this.#queue.enter(entry);
    file.done
      .catch(() => undefined)
      .finally(() => {
        if (!this.#queue.leave(entry)) this.#handleEnded();
      });
    cancelOnAbort(file, signal);
    return file;
  }

  /**
   * Asks for a list, now or in its turn, and once more if the connection is lost meanwhile.
   *
   * @param ask asks over the connection that there is
   * @throws LimitError when too many wait already
   */
  enterLister(name: string, ask: (onInterrupted: () => void) => Promise<FolderEntry[]>): Promise<FolderEntry[]> {
    this.#queue.requireRoom();
    const outcome = Promise.withResolvers<FolderEntry[]>();
    const entry: Waiting = {
      begin: () => {
        const askAgain = () => {
          this.#queue.reenter(entry);
        };
        ask(askAgain).then(outcome.resolve, outcome.reject).finally(this.#handleEnded);
      },
      fail: () => {
        outcome.reject(closedBefore(name));
      },
    };
    this.#queue.enter(entry);
    return outcome.promise;
  }

  /** For what the peer begins, or begins again. Undefined if that is refused. */
  ofPeer(
    transfer: IncomingTransfer | OutgoingTransfer,
    direction: TransferDirection,
    name: string,
    isSilent = false,
  ): TransferCourse | undefined {
    const refusal = this.#moving.refusalOf(transfer.id);
    if (refusal) {
      transfer.abort(refusal.code, refusal.message);
      return undefined;
    }
    const course = this.#moving.continued(transfer.id);
    const isSame = course?.file.direction === direction && course.file.name === name;
    if (isSame) return course;
    course?.fail(closedBefore(course.file.name));
    return this.#course(direction, name, isSilent);
  }

  /**
   * @param isSilent whether nobody is told of it: a list is no transfer to its user
   * @param beginAgain for what this end begins
   */
  #course(
    direction: TransferDirection,
    name: string,
    isSilent = false,
    beginAgain?: (id?: number) => void,
  ): TransferCourse {
    const course: TransferCourse = new TransferCourse(new TransferRecord(direction, name), {
      onTurn: () => {
        this.#moving.handleTurn(course, beginAgain);
      },
      onBegun: (file) => {
        if (!isSilent) this.#events.onTransferBegun(file);
      },
      changePolicy: (policy, options) => {
        this.#engine?.changePolicy(policy, options, performance.now());
      },
      onListenerFailed: (error) => {
        this.#events.onListenerFailed(error);
      },
    });
    const { file } = course;
    this.#running.add(file);
    const report = () => {
      this.#running.delete(file);
      this.#moving.handleEnded(course, name);
      if (!isSilent) this.#events.onTransferEnded(file);
    };
    file.done.then(report, report);
    return course;
  }

  readonly #handleEnded = (): void => {
    this.#queue.handleEnded(this.#engine?.isOpen ?? false);
  };
}

function closedBefore(name: string): TcpCommError {
  return new SessionClosedError(`${JSON.stringify(name)}: the session was closed before the transfer began`);
}

function cancelOnAbort(file: FileTransfer, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const cancel = () => {
    file.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  file.done
    .catch(() => undefined)
    .finally(() => {
      signal.removeEventListener('abort', cancel);
    });
}

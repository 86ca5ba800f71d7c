import { constants, open, realpath, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import {
  type FileAbort,
  type FileOffer,
  type FileRequest,
  type FolderEntry,
  type FolderOffer,
  type FolderRequest,
  requireBoolean,
  requireOptions,
  requireText,
  SessionClosedError,
  type Standing,
  type TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import type { Role } from '../engine/role.ts';
import { requireSendPolicy, type SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { SessionEngine } from '../engine/session-engine.ts';
import type { IncomingTransfer } from '../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from '../engine/transfers/outgoing-transfer.ts';
import type { TransferEvents } from '../engine/transfers/transfer-exchange.ts';
import { FileTransfer, type TransferSending } from '../file-transfer.ts';
import { TransferRecord } from '../transfer-record.ts';
import { transferError } from './files/file-errors.ts';
import { FileReceiver } from './files/file-receiver.ts';
import { FileSender } from './files/file-sender.ts';
import { RootDirectory } from './files/root-directory.ts';
import { WRITE_BUFFERS, type WriteBuffers } from './files/write-buffers.ts';
import { FolderLister } from './folders/folder-lister.ts';
import { FolderReceiver } from './folders/folder-receiver.ts';
import { FolderSender } from './folders/folder-sender.ts';
import { MovingTransfers } from './moving-transfers.ts';
import { TransferCourse } from './transfer-course.ts';
import {
  type FileAccessOptions,
  type GetFileOptions,
  type GetFolderOptions,
  type ListOptions,
  resolveTransferOptions,
  type SendFileOptions,
  type SendFolderOptions,
} from './transfer-options.ts';
import { TransferQueue, type Waiting } from './transfer-queue.ts';

/** What a session hears of its transfers, whichever end began them. */
export interface FileExchangeEvents {
  /** Both ends agree; bytes may flow. */
  onBegun(file: FileTransfer): void;
  /** Ended well or not, also one that never began. */
  onEnded(file: FileTransfer): void;
  /** A listener of a transfer threw or rejected. */
  onListenerFailed(error: unknown): void;
}

/**
 * The files and folders of one session in both directions: those that this program asks for, and those that the peer does. What a lost
 * connection has interrupted goes on over the next one (docs/PROTOCOL.md §9.8).
 */
export class FileExchange implements TransferEvents {
  /** Of the connection that there is, or was last. */
  #engine: SessionEngine | undefined;
  readonly #access: FileAccessOptions | undefined;
  readonly #root: RootDirectory | undefined;
  readonly #events: FileExchangeEvents;
  readonly #buffers: WriteBuffers;
  readonly #queue = new TransferQueue();
  readonly #running = new Set<FileTransfer>();
  readonly #moving: MovingTransfers;

  constructor(role: Role, access: FileAccessOptions | undefined, events: FileExchangeEvents) {
    this.#moving = new MovingTransfers(role);
    this.#buffers = WRITE_BUFFERS[role];
    this.#access = access;
    this.#root = access && new RootDirectory(access.root);
    this.#events = events;
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

  getFile(remotePath: string, options: GetFileOptions): FileTransfer {
    requireText('remotePath', remotePath);
    const { overwrite, integrity, signal } = resolveTransferOptions(options);
    const { to = '.' } = options;
    requireText('to', to);
    return this.#enter('incoming', remotePath, signal, (course, id) => {
      const transfer = this.#openEngine.transfers.beginIncoming(id);
      const findTarget = () => localTarget(to, remotePath);
      course.take(transfer, this.#fileReceiver(transfer, course, { overwrite, findTarget }));
      transfer.request({ path: remotePath, ...(integrity !== 'xxh64' && { integrity }) });
    });
  }

  sendFile(localPath: string, options: SendFileOptions): FileTransfer {
    requireText('localPath', localPath);
    const { overwrite, integrity, signal } = resolveTransferOptions(options);
    const { as = basename(localPath) } = options;
    requireText('as', as);
    requireSendPolicy(options);
    return this.#enter('outgoing', as, signal, (course, id) => {
      const transfer = this.#beginOutgoing(options, id);
      // Without O_NONBLOCK a named pipe would hold a thread until somebody writes to it.
      const openFile = () => open(localPath, constants.O_RDONLY | constants.O_NONBLOCK);
      const source = { localPath: resolve(localPath), open: openFile, integrity, overwrite };
      const sender = new FileSender({ transfer, ...course.parts, ...source });
      course.take(transfer, sender, this.#sendingOf(transfer));
      sender.start();
    });
  }

  getFolder(remotePath: string, options: GetFolderOptions): FileTransfer {
    requireText('remotePath', remotePath);
    const { overwrite, integrity, signal } = resolveTransferOptions(options);
    const { to = posix.basename(remotePath) } = options;
    requireText('to', to);
    return this.#enter('incoming', remotePath, signal, (course, id) => {
      const transfer = this.#openEngine.transfers.beginIncoming(id);
      // The user's own word: it may be a link.
      const findTarget = () => realpath(to).catch(() => resolve(to));
      course.take(
        transfer,
        new FolderReceiver({ transfer, ...course.parts, overwrite, buffers: this.#buffers, findTarget }),
      );
      transfer.requestFolder({ path: remotePath, ...(integrity !== 'xxh64' && { integrity }) });
    });
  }

  sendFolder(localPath: string, options: SendFolderOptions): FileTransfer {
    requireText('localPath', localPath);
    const { overwrite, integrity, signal } = resolveTransferOptions(options);
    const { as = basename(resolve(localPath)) } = options;
    requireText('as', as);
    requireSendPolicy(options);
    return this.#enter('outgoing', as, signal, (course, id) => {
      const transfer = this.#beginOutgoing(options, id);
      // The user's own word: links in it, and it may be one, are the user's affair.
      const find = () => new RootDirectory(resolve(localPath)).folderForReading('');
      const sender = new FolderSender({ transfer, ...course.parts, find, integrity, overwrite, list: undefined });
      course.take(transfer, sender, this.#sendingOf(transfer));
      sender.start();
    });
  }

  async list(remotePath: string, options: ListOptions): Promise<FolderEntry[]> {
    requireText('remotePath', remotePath);
    requireOptions('options', options);
    const { recursive = false } = options;
    requireBoolean('recursive', recursive);
    this.#queue.requireRoom();
    const outcome = Promise.withResolvers<FolderEntry[]>();
    const entry: Waiting = {
      begin: () => {
        const transfer = this.#openEngine.transfers.beginIncoming();
        const lister = new FolderLister(transfer, remotePath, () => {
          this.#queue.reenter(entry);
        });
        transfer.handler = lister;
        lister.done.then(outcome.resolve, outcome.reject).finally(this.#handleEnded);
        transfer.requestFolder({ path: remotePath, list: recursive ? 'deep' : 'flat' });
      },
      fail: () => {
        outcome.reject(closedBefore(remotePath));
      },
    };
    this.#queue.enter(entry);
    return outcome.promise;
  }

  onFileRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64' }: FileRequest): void {
    const course = this.#peerCourse(transfer, 'outgoing', path);
    if (course === undefined) return;
    const openFile = async () => this.#requireRoot(path, this.#access?.read).openForReading(path);
    const localPath = join(this.#access?.root ?? '', path);
    const source = { localPath, open: openFile, integrity, overwrite: 'replace' } as const;
    const sender = new FileSender({ transfer, ...course.parts, ...source });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    const { path, overwrite } = offer;
    const course = this.#peerCourse(transfer, 'incoming', path);
    if (course === undefined) return;
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).pathForWriting(path);
    const receiver = this.#fileReceiver(transfer, course, { overwrite, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
  }

  onFolderRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64', list }: FolderRequest): void {
    const course = this.#peerCourse(transfer, 'outgoing', path, list !== undefined);
    if (course === undefined) return;
    const find = async () => this.#requireRoot(path, this.#access?.read).folderForReading(path);
    const sender = new FolderSender({ transfer, ...course.parts, find, integrity, overwrite: 'replace', list });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void {
    const { path, overwrite } = offer;
    const course = this.#peerCourse(transfer, 'incoming', path);
    if (course === undefined) return;
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).folderForWriting(path);
    const receiver = new FolderReceiver({ transfer, ...course.parts, overwrite, buffers: this.#buffers, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
  }

  onAbandoned(id: number, abort: FileAbort): void {
    this.#moving.abandon(id, abort);
  }

  /** Resolves when no transfer runs any more and what they left open or behind is closed and removed. */
  async settled(): Promise<void> {
    await Promise.allSettled(Array.from(this.#running, (file) => file.done));
  }

  #requireRoot(name: string, isAllowed = true): RootDirectory {
    if (this.#root && isAllowed) return this.#root;
    const detail = this.#root
      ? 'the peer does not allow that with its files'
      : 'the peer has no folder that it offers files of';
    throw transferError(WireError.FILES_NOT_OFFERED, name, detail);
  }

  #beginOutgoing(policy: SendPolicyOptions, id: number | undefined): OutgoingTransfer {
    const engine = this.#openEngine;
    const transfer = engine.transfers.beginOutgoing(id);
    engine.changePolicy(transfer.policy, policy, performance.now());
    return transfer;
  }

  /** Nothing begins before there is one. */
  get #openEngine(): SessionEngine {
    if (this.#engine === undefined) throw new SessionClosedError('there is no connection');
    return this.#engine;
  }

  #fileReceiver(
    transfer: IncomingTransfer,
    course: TransferCourse,
    options: { readonly overwrite: FileOffer['overwrite']; readonly findTarget: () => Promise<string> },
  ): FileReceiver {
    return new FileReceiver({ transfer, ...course.parts, buffers: this.#buffers, ...options });
  }

  /** For what the peer begins, or begins again. Undefined if that is refused. */
  #peerCourse(
    transfer: IncomingTransfer | OutgoingTransfer,
    direction: TransferRecord['direction'],
    name: string,
    isSilent = false,
  ): TransferCourse | undefined {
    const refusal = this.#moving.refusalOf(transfer.id);
    if (refusal) transfer.abort(refusal.code, refusal.message);
    if (refusal) return undefined;
    const course = this.#moving.continued(transfer.id);
    if (course === undefined || course.file.direction !== direction || course.file.name !== name) {
      course?.fail(closedBefore(course.file.name));
      return this.#course(direction, name, isSilent);
    }
    return course;
  }

  /**
   * @param isSilent whether nobody is told of it: a list is no transfer to its user
   * @param beginAgain for what this end begins
   */
  #course(
    direction: TransferRecord['direction'],
    name: string,
    isSilent = false,
    beginAgain?: (id?: number) => void,
  ): TransferCourse {
    const course: TransferCourse = new TransferCourse(new TransferRecord(direction, name), {
      onTurn: () => {
        this.#moving.handleTurn(course, beginAgain);
      },
      onBegun: (file) => {
        if (!isSilent) this.#events.onBegun(file);
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
      if (!isSilent) this.#events.onEnded(file);
    };
    file.done.then(report, report);
    return course;
  }

  /**
   * Begins what this end wants, now or in its turn.
   *
   * @param begin gives the course to whoever moves it, over the connection that there is; under an id that it had before, if any
   * @throws LimitError when too many wait already
   */
  #enter(
    direction: TransferRecord['direction'],
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

  readonly #handleEnded = (): void => {
    this.#queue.handleEnded(this.#engine?.isOpen ?? false);
  };

  #sendingOf(transfer: OutgoingTransfer): () => TransferSending {
    const engine = this.#openEngine;
    return () => {
      const { policy, queuedBytes } = transfer;
      return {
        priority: policy.priority,
        weight: policy.weight,
        limitBytesPerSecond: policy.bytesPerSecond,
        queuedBytes,
        limitedBy: engine.observer.limitOf(transfer, performance.now()),
      };
    };
  }
}

/** Where a fetched file goes: below `to` if that is a folder. */
async function localTarget(to: string, remotePath: string): Promise<string> {
  const isFolder = await stat(to).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return resolve(isFolder ? join(to, posix.basename(remotePath)) : to);
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

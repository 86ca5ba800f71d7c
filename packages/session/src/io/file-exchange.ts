import { constants, open, realpath, stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import {
  type FileAbort,
  type FileOffer,
  type FileRequest,
  type FolderEntry,
  type FolderOffer,
  type FolderRequest,
  type Standing,
  type TcpCommError,
  WireError,
} from '@tcpcomm/protocol';
import type { Role } from '../engine/role.ts';
import type { IncomingTransfer } from '../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from '../engine/transfers/outgoing-transfer.ts';
import type { SessionEngine } from '../engine/session-engine.ts';
import type { TransferEvents } from '../engine/transfers/transfer-exchange.ts';
import { FileTransfer, type TransferSending } from '../file-transfer.ts';
import { transferError } from './files/file-errors.ts';
import { FileReceiver } from './files/file-receiver.ts';
import { FileSender } from './files/file-sender.ts';
import { RootDirectory } from './files/root-directory.ts';
import { WRITE_BUFFERS, type WriteBuffers } from './files/write-buffers.ts';
import { FolderLister } from './folders/folder-lister.ts';
import { FolderReceiver } from './folders/folder-receiver.ts';
import { FolderSender } from './folders/folder-sender.ts';
import type { TransferCourse } from './transfer-course.ts';
import { type FileExchangeEvents, TransferCourses } from './transfer-courses.ts';
import type { FileAccessOptions } from './transfer-options.ts';
import type { TransferRequest } from './transfer-request.ts';

/**
 * The files and folders of one session in both directions: those that this program asks for, and those that the peer does. What a lost
 * connection has interrupted goes on over the next one (docs/PROTOCOL.md §9.8).
 */
export class FileExchange implements TransferEvents {
  readonly #role: Role;
  readonly #access: FileAccessOptions | undefined;
  readonly #events: FileExchangeEvents;
  /** Of the connection that there is. */
  #engine: SessionEngine | undefined;
  /** All transfers, whoever has begun them; made for the first, for most sessions have none. */
  #madeCourses: TransferCourses | undefined;

  constructor(role: Role, access: FileAccessOptions | undefined, events: FileExchangeEvents) {
    this.#role = role;
    this.#access = access;
    this.#events = events;
  }

  /**
   * There is a connection: goes on with what the one before has interrupted, and begins what waits.
   *
   * @param peer what it said of the transfers; undefined if it knows of none
   */
  attach(engine: SessionEngine, peer: Standing['transfers'] | undefined): void {
    this.#engine = engine;
    this.#madeCourses?.attach(engine, peer);
  }

  /** The connection is lost. */
  detach(): void {
    this.#engine = undefined;
    this.#madeCourses?.detach();
  }

  /** What the peer has to know of the transfers when the session is taken up again. */
  get standing(): Standing['transfers'] {
    return this.#madeCourses?.standing ?? { continued: [], done: [] };
  }

  /** Resolves when all has ended of which that was decided before the connection was lost. */
  async decided(): Promise<void> {
    await this.#madeCourses?.decided();
  }

  /** There will be no other connection. */
  stop(error: TcpCommError): void {
    this.#madeCourses?.stop(error);
  }

  /** Resolves when no transfer runs any more and what they left open or behind is closed and removed. */
  async settled(): Promise<void> {
    await this.#madeCourses?.settled();
  }

  /**
   * Begins a transfer, now or in its turn.
   *
   * @throws LimitError when too many wait already
   */
  begin(request: TransferRequest, signal: AbortSignal | undefined): FileTransfer {
    const { kind, direction, remotePath } = request;
    const isIncoming = direction === 'incoming';
    return this.#courses.enter(direction, remotePath, signal, (course, id) => {
      if (isIncoming) {
        const transfer = this.#courses.engine.transfers.beginIncoming(id);
        if (kind === 'file') this.#fetchFile(transfer, course, request);
        else this.#fetchFolder(transfer, course, request);
      } else {
        const transfer = this.#courses.beginOutgoing(request.policy, id);
        if (kind === 'file') this.#sendFile(transfer, course, request);
        else this.#sendFolder(transfer, course, request);
      }
    });
  }

  /** What there is in a folder of the peer's. @throws LimitError when too many transfers wait already */
  list(remotePath: string, isRecursive: boolean): Promise<FolderEntry[]> {
    return this.#courses.enterLister(remotePath, (onInterrupted) => {
      const transfer = this.#courses.engine.transfers.beginIncoming();
      const lister = new FolderLister(transfer, remotePath, onInterrupted);
      transfer.handler = lister;
      transfer.requestFolder({ path: remotePath, list: isRecursive ? 'deep' : 'flat' });
      return lister.done;
    });
  }

  onFileRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64' }: FileRequest): void {
    const course = this.#courses.ofPeer(transfer, 'outgoing', path);
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
    const course = this.#courses.ofPeer(transfer, 'incoming', path);
    if (course === undefined) return;
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).pathForWriting(path);
    const receiver = this.#fileReceiver(transfer, course, { overwrite, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
  }

  onFolderRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64', list }: FolderRequest): void {
    const course = this.#courses.ofPeer(transfer, 'outgoing', path, list !== undefined);
    if (course === undefined) return;
    const find = async () => this.#requireRoot(path, this.#access?.read).folderForReading(path);
    const sender = new FolderSender({ transfer, ...course.parts, find, integrity, overwrite: 'replace', list });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void {
    const { path, overwrite } = offer;
    const course = this.#courses.ofPeer(transfer, 'incoming', path);
    if (course === undefined) return;
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).folderForWriting(path);
    const receiver = new FolderReceiver({ transfer, ...course.parts, overwrite, buffers: this.#buffers, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
  }

  onAbandoned(id: number, abort: FileAbort): void {
    this.#madeCourses?.handleAbandoned(id, abort);
  }

  #fetchFile(transfer: IncomingTransfer, course: TransferCourse, request: TransferRequest): void {
    const { remotePath, localPath, overwrite, integrity } = request;
    const findTarget = () => localTarget(localPath, remotePath);
    course.take(transfer, this.#fileReceiver(transfer, course, { overwrite, findTarget }));
    transfer.request({ path: remotePath, ...(integrity !== 'xxh64' && { integrity }) });
  }

  #sendFile(transfer: OutgoingTransfer, course: TransferCourse, request: TransferRequest): void {
    const { localPath, overwrite, integrity } = request;
    // Without O_NONBLOCK a named pipe would hold a thread until somebody writes to it.
    const openFile = () => open(localPath, constants.O_RDONLY | constants.O_NONBLOCK);
    const source = { localPath: resolve(localPath), open: openFile, integrity, overwrite };
    const sender = new FileSender({ transfer, ...course.parts, ...source });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  #fetchFolder(transfer: IncomingTransfer, course: TransferCourse, request: TransferRequest): void {
    const { remotePath, localPath, overwrite, integrity } = request;
    // The user's own word: it may be a link.
    const findTarget = () => realpath(localPath).catch(() => resolve(localPath));
    const parts = { transfer, ...course.parts, overwrite, buffers: this.#buffers, findTarget };
    course.take(transfer, new FolderReceiver(parts));
    transfer.requestFolder({ path: remotePath, ...(integrity !== 'xxh64' && { integrity }) });
  }

  #sendFolder(transfer: OutgoingTransfer, course: TransferCourse, request: TransferRequest): void {
    const { localPath, overwrite, integrity } = request;
    // The user's own word: links in it, and it may be one, are the user's affair.
    const find = () => new RootDirectory(resolve(localPath)).folderForReading('');
    const sender = new FolderSender({ transfer, ...course.parts, find, integrity, overwrite, list: undefined });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  get #courses(): TransferCourses {
    if (this.#madeCourses === undefined) {
      this.#madeCourses = new TransferCourses(this.#role, this.#events);
      if (this.#engine) this.#madeCourses.attach(this.#engine, undefined);
    }
    return this.#madeCourses;
  }

  get #buffers(): WriteBuffers {
    return WRITE_BUFFERS[this.#role];
  }

  #requireRoot(name: string, isAllowed = true): RootDirectory {
    if (this.#access && isAllowed) return new RootDirectory(this.#access.root);
    const detail = this.#access
      ? 'the peer does not allow that with its files'
      : 'the peer has no folder that it offers files of';
    throw transferError(WireError.FILES_NOT_OFFERED, name, detail);
  }

  #fileReceiver(
    transfer: IncomingTransfer,
    course: TransferCourse,
    options: { readonly overwrite: FileOffer['overwrite']; readonly findTarget: () => Promise<string> },
  ): FileReceiver {
    return new FileReceiver({ transfer, ...course.parts, buffers: this.#buffers, ...options });
  }

  #sendingOf(transfer: OutgoingTransfer): () => TransferSending {
    const engine = this.#courses.engine;
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

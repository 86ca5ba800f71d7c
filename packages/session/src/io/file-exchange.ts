import { constants, open, realpath, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import {
  type FileOffer,
  type FileRequest,
  type FolderEntry,
  type FolderOffer,
  type FolderRequest,
  requireBoolean,
  requireOptions,
  requireText,
  SessionClosedError,
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
import { TransferQueue } from './transfer-queue.ts';

/** What a session hears of its transfers, whichever end began them. */
export interface FileExchangeEvents {
  /** Both ends agree; bytes may flow. */
  onBegun(file: FileTransfer): void;
  /** Ended well or not, also one that never began. */
  onEnded(file: FileTransfer): void;
  /** A listener of a transfer threw or rejected. */
  onListenerFailed(error: unknown): void;
}

/** The files and folders of one session in both directions: those that this program asks for, and those that the peer does. */
export class FileExchange implements TransferEvents {
  readonly #engine: SessionEngine;
  readonly #access: FileAccessOptions | undefined;
  readonly #root: RootDirectory | undefined;
  readonly #events: FileExchangeEvents;
  readonly #buffers: WriteBuffers;
  readonly #queue = new TransferQueue();
  readonly #running = new Set<FileTransfer>();

  constructor(engine: SessionEngine, role: Role, access: FileAccessOptions | undefined, events: FileExchangeEvents) {
    this.#engine = engine;
    this.#buffers = WRITE_BUFFERS[role];
    this.#access = access;
    this.#root = access && new RootDirectory(access.root);
    this.#events = events;
  }

  getFile(remotePath: string, options: GetFileOptions): FileTransfer {
    requireText('remotePath', remotePath);
    const { overwrite, integrity, signal } = resolveTransferOptions(options);
    const { to = '.' } = options;
    requireText('to', to);
    const course = this.#ownCourse('incoming', remotePath);
    return this.#enter(course, signal, () => {
      const transfer = this.#engine.beginIncomingTransfer();
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
    const course = this.#ownCourse('outgoing', as);
    return this.#enter(course, signal, () => {
      const transfer = this.#beginOutgoing(options);
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
    const course = this.#ownCourse('incoming', remotePath);
    return this.#enter(course, signal, () => {
      const transfer = this.#engine.beginIncomingTransfer();
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
    const course = this.#ownCourse('outgoing', as);
    return this.#enter(course, signal, () => {
      const transfer = this.#beginOutgoing(options);
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
    this.#queue.enter({
      begin: () => {
        const transfer = this.#engine.beginIncomingTransfer();
        const lister = new FolderLister(transfer, remotePath);
        transfer.handler = lister;
        lister.done.then(outcome.resolve, outcome.reject).finally(() => {
          this.#queue.handleEnded(this.#engine.isOpen);
        });
        transfer.requestFolder({ path: remotePath, list: recursive ? 'deep' : 'flat' });
      },
      fail: () => {
        outcome.reject(closedBefore(remotePath));
      },
    });
    return outcome.promise;
  }

  onFileRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64' }: FileRequest): void {
    const course = this.#course('outgoing', path);
    const openFile = async () => this.#requireRoot(path, this.#access?.read).openForReading(path);
    const localPath = join(this.#access?.root ?? '', path);
    const source = { localPath, open: openFile, integrity, overwrite: 'replace' } as const;
    const sender = new FileSender({ transfer, ...course.parts, ...source });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    const { path, overwrite } = offer;
    const course = this.#course('incoming', path);
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).pathForWriting(path);
    const receiver = this.#fileReceiver(transfer, course, { overwrite, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
  }

  onFolderRequest(transfer: OutgoingTransfer, { path, integrity = 'xxh64', list }: FolderRequest): void {
    const course = this.#course('outgoing', path, list !== undefined);
    const find = async () => this.#requireRoot(path, this.#access?.read).folderForReading(path);
    const sender = new FolderSender({ transfer, ...course.parts, find, integrity, overwrite: 'replace', list });
    course.take(transfer, sender, this.#sendingOf(transfer));
    sender.start();
  }

  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void {
    const { path, overwrite } = offer;
    const course = this.#course('incoming', path);
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).folderForWriting(path);
    const receiver = new FolderReceiver({ transfer, ...course.parts, overwrite, buffers: this.#buffers, findTarget });
    course.take(transfer, receiver);
    receiver.onOffer(offer);
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

  #beginOutgoing(policy: SendPolicyOptions): OutgoingTransfer {
    const transfer = this.#engine.beginOutgoingTransfer();
    this.#engine.changePolicy(transfer.policy, policy, performance.now());
    return transfer;
  }

  #fileReceiver(
    transfer: IncomingTransfer,
    course: TransferCourse,
    options: { readonly overwrite: FileOffer['overwrite']; readonly findTarget: () => Promise<string> },
  ): FileReceiver {
    return new FileReceiver({ transfer, ...course.parts, buffers: this.#buffers, ...options });
  }

  /** For what this end begins. @throws LimitError when too many wait already */
  #ownCourse(direction: TransferRecord['direction'], name: string): TransferCourse {
    this.#queue.requireRoom();
    return this.#course(direction, name);
  }

  /** @param isSilent whether nobody is told of it: a list is no transfer to its user */
  #course(direction: TransferRecord['direction'], name: string, isSilent = false): TransferCourse {
    const course = new TransferCourse(new TransferRecord(direction, name), {
      onBegun: (file) => {
        if (!isSilent) this.#events.onBegun(file);
      },
      changePolicy: (policy, options) => {
        this.#engine.changePolicy(policy, options, performance.now());
      },
      onListenerFailed: (error) => {
        this.#events.onListenerFailed(error);
      },
    });
    const { file } = course;
    this.#running.add(file);
    const report = () => {
      this.#running.delete(file);
      if (!isSilent) this.#events.onEnded(file);
    };
    file.done.then(report, report);
    return course;
  }

  /** Begins what this end wants, now or in its turn. */
  #enter(course: TransferCourse, signal: AbortSignal | undefined, begin: () => void): FileTransfer {
    const { file } = course;
    if (signal?.aborted) {
      file.cancel();
      return file;
    }
    const entry = {
      begin,
      fail: () => {
        course.fail(closedBefore(file.name));
      },
    };
    this.#queue.enter(entry);
    file.done
      .catch(() => undefined)
      .finally(() => {
        if (!this.#queue.leave(entry)) this.#queue.handleEnded(this.#engine.isOpen);
      });
    cancelOnAbort(file, signal);
    return file;
  }

  #sendingOf(transfer: OutgoingTransfer): () => TransferSending {
    return () => {
      const { policy, queuedBytes } = transfer;
      return {
        priority: policy.priority,
        weight: policy.weight,
        limitBytesPerSecond: policy.bytesPerSecond,
        queuedBytes,
        limitedBy: this.#engine.observer.limitOf(transfer, performance.now()),
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

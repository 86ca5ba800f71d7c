import { constants, open, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import {
  type FileOffer,
  type FileRequest,
  requireBoolean,
  requireOneOf,
  requireOptions,
  requireSignal,
  requireText,
  UsageError,
  WireError,
} from '@tcpcomm/protocol';
import { requireSendPolicy, type SendPolicyOptions } from '../../engine/sending/send-policy.ts';
import type { IncomingTransfer } from '../../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from '../../engine/transfers/outgoing-transfer.ts';
import type { Role } from '../../engine/role.ts';
import type { SessionEngine } from '../../engine/session-engine.ts';
import type { TransferEvents } from '../../engine/transfers/transfer-exchange.ts';
import { FileTransfer, type TransferControl, type TransferSending } from '../../file-transfer.ts';
import { TransferRecord } from '../../transfer-record.ts';
import { transferError } from './file-errors.ts';
import { FileReceiver } from './file-receiver.ts';
import { FileSender, type FileSenderOptions } from './file-sender.ts';
import { INTEGRITIES, type Integrity } from './file-hash.ts';
import { type Overwrite, OVERWRITES } from './publishing.ts';
import { WRITE_BUFFERS, type WriteBuffers } from './write-buffers.ts';
import { RootDirectory } from './root-directory.ts';

/** What of this machine the peer may reach. */
export interface FileAccessOptions {
  /** The folder below which the peer may name files. */
  readonly root: string;
  /** Whether the peer may fetch files from there. Default true. */
  readonly read?: boolean;
  /** Whether the peer may put files there. Default true. */
  readonly write?: boolean;
}

export interface GetFileOptions {
  /** Where to put the file: a path of this machine, or an existing folder. Default: the working directory. */
  readonly to?: string;
  /** What to do with a file that is there already. Default 'replace'. */
  readonly overwrite?: Overwrite;
  /** How the whole file is verified. Default 'xxh64', which finds accidents; 'sha256' finds forgers too. */
  readonly integrity?: Integrity;
  /** Cancels the transfer. */
  readonly signal?: AbortSignal;
}

export interface SendFileOptions extends SendPolicyOptions {
  /** The file's path below the receiver's root, separated by `/`. Default: its name. */
  readonly as?: string;
  /** What the receiver is asked to do with a file that is there already. Default 'replace'. */
  readonly overwrite?: Overwrite;
  /** How the whole file is verified. Default 'xxh64'. */
  readonly integrity?: Integrity;
  /** Cancels the transfer. */
  readonly signal?: AbortSignal;
}

/** @throws UsageError that names the option and what it must be */
export function requireFileAccess(access: FileAccessOptions | undefined): void {
  if (access === undefined) return;
  requireText('files.root', access.root);
  if (access.root === '') throw new UsageError('files.root must be the path of a folder, got ""');
  if (access.read !== undefined) requireBoolean('files.read', access.read);
  if (access.write !== undefined) requireBoolean('files.write', access.write);
}

/** What a session hears of its transfers, whichever end began them. */
export interface FileExchangeEvents {
  /** Both ends agree; bytes may flow. */
  onBegun(file: FileTransfer): void;
  /** Ended well or not, also one that never began. */
  onEnded(file: FileTransfer): void;
  /** A listener of a transfer threw or rejected. */
  onListenerFailed(error: unknown): void;
}

/** The files of one session in both directions: those that this program asks for, and those that the peer does. */
export class FileExchange implements TransferEvents {
  readonly #engine: SessionEngine;
  readonly #access: FileAccessOptions | undefined;
  readonly #root: RootDirectory | undefined;
  readonly #events: FileExchangeEvents;
  readonly #buffers: WriteBuffers;
  readonly #running = new Set<FileTransfer>();

  constructor(engine: SessionEngine, role: Role, access: FileAccessOptions | undefined, events: FileExchangeEvents) {
    this.#buffers = WRITE_BUFFERS[role];
    this.#engine = engine;
    this.#access = access;
    this.#root = access && new RootDirectory(access.root);
    this.#events = events;
  }

  getFile(remotePath: string, options: GetFileOptions): FileTransfer {
    requireOptions('options', options);
    const { to = '.', overwrite = 'replace', integrity = 'xxh64', signal } = options;
    requireText('remotePath', remotePath);
    requireText('to', to);
    requireSignal('signal', signal);
    requireOneOf('overwrite', overwrite, OVERWRITES);
    requireOneOf('integrity', integrity, INTEGRITIES);
    const incoming = this.#engine.beginIncomingTransfer();
    const { file } = this.#receive(incoming, remotePath, overwrite, () => localTarget(to, remotePath));
    cancelOnAbort(file, signal);
    if (file.state === 'waiting') incoming.request({ path: remotePath, ...(integrity !== 'xxh64' && { integrity }) });
    return file;
  }

  sendFile(localPath: string, options: SendFileOptions): FileTransfer {
    requireText('localPath', localPath);
    requireOptions('options', options);
    const { as = basename(localPath), overwrite = 'replace', integrity = 'xxh64', signal } = options;
    requireText('as', as);
    requireSignal('signal', signal);
    requireOneOf('overwrite', overwrite, OVERWRITES);
    requireOneOf('integrity', integrity, INTEGRITIES);
    requireSendPolicy(options);
    const outgoing = this.#engine.beginOutgoingTransfer();
    this.#engine.changePolicy(outgoing.policy, options, performance.now());
    // Without O_NONBLOCK a named pipe would hold a thread until somebody writes to it.
    const openFile = () => open(localPath, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = this.#send(outgoing, as, { localPath: resolve(localPath), overwrite, integrity, open: openFile });
    cancelOnAbort(file, signal);
    return file;
  }

  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void {
    const { path, integrity = 'xxh64' } = request;
    const openFile = async () => this.#requireRoot(path, this.#access?.read).openForReading(path);
    const localPath = join(this.#access?.root ?? '', path);
    this.#send(transfer, path, { localPath, overwrite: 'replace', integrity, open: openFile });
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    const { path, overwrite } = offer;
    const findTarget = async () => this.#requireRoot(path, this.#access?.write).pathForWriting(path);
    this.#receive(transfer, path, overwrite, findTarget).receiver.onOffer(offer);
  }

  #requireRoot(name: string, isAllowed = true): RootDirectory {
    if (this.#root && isAllowed) return this.#root;
    const detail = this.#root
      ? 'the peer does not allow that with its files'
      : 'the peer has no folder that it offers files of';
    throw transferError(WireError.FILES_NOT_OFFERED, name, detail);
  }

  #send(
    transfer: OutgoingTransfer,
    name: string,
    source: Pick<FileSenderOptions, 'localPath' | 'overwrite' | 'integrity' | 'open'>,
  ): FileTransfer {
    const record = new TransferRecord(transfer.id, 'outgoing', name);
    const onBegin = () => {
      this.#events.onBegun(file);
    };
    const sender = new FileSender({ transfer, record, ...source, onBegin });
    const control: TransferControl = {
      cancel: sender.giveUp.bind(sender),
      sending: () => this.#sendingOf(transfer),
      changePolicy: (options) => {
        this.#engine.changePolicy(transfer.policy, options, performance.now());
      },
    };
    const file = new FileTransfer(record, control, this.#reportFailure);
    transfer.handler = sender;
    this.#watchEnd(file);
    sender.start();
    return file;
  }

  #receive(
    transfer: IncomingTransfer,
    name: string,
    overwrite: Overwrite,
    findTarget: () => Promise<string>,
  ): { readonly file: FileTransfer; readonly receiver: FileReceiver } {
    const record = new TransferRecord(transfer.id, 'incoming', name);
    const onBegin = () => {
      this.#events.onBegun(file);
    };
    const receiver = new FileReceiver({ transfer, record, overwrite, buffers: this.#buffers, findTarget, onBegin });
    const control: TransferControl = {
      cancel: receiver.giveUp.bind(receiver),
      sending: undefined,
      changePolicy: () => undefined,
    };
    const file = new FileTransfer(record, control, this.#reportFailure);
    transfer.handler = receiver;
    this.#watchEnd(file);
    return { file, receiver };
  }

  /** Resolves when no transfer runs any more and what they left open or behind is closed and removed. */
  async settled(): Promise<void> {
    await Promise.allSettled(Array.from(this.#running, (file) => file.done));
  }

  #sendingOf(transfer: OutgoingTransfer): TransferSending {
    const { policy, queuedBytes } = transfer;
    return {
      priority: policy.priority,
      weight: policy.weight,
      limitBytesPerSecond: policy.bytesPerSecond,
      queuedBytes,
      limitedBy: this.#engine.observer.limitOf(transfer, performance.now()),
    };
  }

  readonly #reportFailure = (error: unknown): void => {
    this.#events.onListenerFailed(error);
  };

  #watchEnd(file: FileTransfer): void {
    this.#running.add(file);
    const report = () => {
      this.#running.delete(file);
      this.#events.onEnded(file);
    };
    file.done.then(report, report);
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

function cancelOnAbort(file: FileTransfer, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const cancel = () => {
    file.cancel();
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  file.done
    .catch(() => undefined)
    .finally(() => {
      signal.removeEventListener('abort', cancel);
    });
}

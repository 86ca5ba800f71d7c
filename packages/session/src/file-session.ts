import { type FolderEntry, requireText } from '@tcpcomm/protocol';
import type { Role } from './engine/role.ts';
import type { FileTransfer } from './file-transfer.ts';
import {
  type GetFileOptions,
  type GetFolderOptions,
  type ListOptions,
  type SendFileOptions,
  type SendFolderOptions,
  wantsRecursive,
} from './io/transfer-options.ts';
import { getFileRequest, getFolderRequest, sendFileRequest, sendFolderRequest } from './io/transfer-request.ts';
import type { SessionBackend } from './session-backend.ts';
import { SessionEmitter } from './session-emitter.ts';
import { TransferMonitor } from './transfer-monitor.ts';

/** What of a session concerns files and folders. */
export abstract class FileSession<Backend extends SessionBackend> extends SessionEmitter {
  protected abstract readonly backend: Backend;
  protected readonly transfers: TransferMonitor;

  protected constructor(role: Role) {
    super();
    this.transfers = new TransferMonitor(role);
  }

  /**
   * Fetches a file of the peer.
   *
   * @param remotePath a path below the root that the peer offers, separated by `/`
   * @throws UsageError for arguments that make no sense, SessionClosedError when there is no connection, LimitError when too
   * many transfers are open; whatever happens later rejects the transfer's `done`
   */
  getFile(remotePath: string, options: GetFileOptions = {}): FileTransfer {
    return this.backend.beginTransfer(getFileRequest(remotePath, options), options.signal);
  }

  /** Sends a file to the peer, below the root that it offers; throws as `getFile`. */
  sendFile(localPath: string, options: SendFileOptions = {}): FileTransfer {
    return this.backend.beginTransfer(sendFileRequest(localPath, options), options.signal);
  }

  /**
   * Fetches a folder of the peer with all that is in it: permissions and times are kept, what is here already with the same size and time is
   * not sent again. Files that fail do not end the others; `done` tells which did. Throws as `getFile`.
   *
   * @param remotePath a path below the root that the peer offers, separated by `/`; '' is the root itself
   */
  getFolder(remotePath: string, options: GetFolderOptions = {}): FileTransfer {
    return this.backend.beginTransfer(getFolderRequest(remotePath, options), options.signal);
  }

  /** Sends a folder with all that is in it to the peer, as `getFolder` fetches one. */
  sendFolder(localPath: string, options: SendFolderOptions = {}): FileTransfer {
    return this.backend.beginTransfer(sendFolderRequest(localPath, options), options.signal);
  }

  /**
   * What there is in a folder of the peer's: each folder before what is in it. What cannot be sent, as a device or a link that leads out,
   * is left out. Rejects as `getFile` throws, and with a TransferError.
   */
  async list(remotePath = '', options: ListOptions = {}): Promise<FolderEntry[]> {
    requireText('remotePath', remotePath);
    return this.backend.list(remotePath, wantsRecursive(options));
  }

  /** 0 to 100: of the file that is being received, or was last. 0 if there was none. */
  getPercentOfFileReceived(): number {
    return this.transfers.current('incoming')?.progress.percent ?? 0;
  }

  /** 0 to 100: of the file that is being sent, or was last. 0 if there was none. */
  getPercentOfFileSent(): number {
    return this.transfers.current('outgoing')?.progress.percent ?? 0;
  }

  /** The name of the file that is being received, or was last; empty if there was none. */
  getIncomingFileName(): string {
    return this.transfers.current('incoming')?.name ?? '';
  }

  /** The name of the file that is being sent, or was last; empty if there was none. */
  getOutgoingFileName(): string {
    return this.transfers.current('outgoing')?.name ?? '';
  }

  /** Cancels the file that is being received, if there is one. */
  cancelIncomingFileTransfer(): void {
    this.transfers.current('incoming')?.cancel();
  }

  /** Cancels the file that is being sent, if there is one. */
  cancelOutgoingFileTransfer(): void {
    this.transfers.current('outgoing')?.cancel();
  }
}

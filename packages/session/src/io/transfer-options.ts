import {
  requireBoolean,
  requireOneOf,
  requireOptions,
  requireSignal,
  requireText,
  UsageError,
} from '@tcpcomm/protocol';
import type { SendPolicyOptions } from '../engine/sending/send-policy.ts';
import { INTEGRITIES, type Integrity } from './files/file-hash.ts';
import { type Overwrite, OVERWRITES } from './files/publishing.ts';

/** What of this machine the peer may reach. */
export interface FileAccessOptions {
  /** The folder below which the peer may name files. */
  readonly root: string;
  /** Whether the peer may fetch files from there, and list what there is. Default true. */
  readonly read?: boolean;
  /** Whether the peer may put files there. Default true. */
  readonly write?: boolean;
}

export interface TransferOptions {
  /** What to do with a file that is there already, or what the receiver is asked to do. Default 'replace'. */
  readonly overwrite?: Overwrite;
  /** How each whole file is verified. Default 'xxh64', which finds accidents; 'sha256' finds forgers too. */
  readonly integrity?: Integrity;
  /** Cancels the transfer. */
  readonly signal?: AbortSignal;
}

export interface GetFileOptions extends TransferOptions {
  /** Where to put the file: a path of this machine, or an existing folder. Default: the working directory. */
  readonly to?: string;
}

export interface SendFileOptions extends TransferOptions, SendPolicyOptions {
  /** The file's path below the receiver's root, separated by `/`. Default: its name. */
  readonly as?: string;
}

export interface GetFolderOptions extends TransferOptions {
  /**
   * The folder of this machine that gets what is in the peer's; it is made if it is not there, the one above it must be. Default: the
   * folder's name, in the working directory.
   */
  readonly to?: string;
}

export interface SendFolderOptions extends TransferOptions, SendPolicyOptions {
  /** The folder's path below the receiver's root, separated by `/`; '' is the root itself. Default: its name. */
  readonly as?: string;
}

export interface ListOptions {
  /** All below the folder, too. Default false. */
  readonly recursive?: boolean;
}

/** @throws UsageError that names the option and what it must be */
export function requireFileAccess(access: FileAccessOptions | undefined): void {
  if (access === undefined) return;
  requireText('files.root', access.root);
  if (access.root === '') throw new UsageError('files.root must be the path of a folder, got ""');
  if (access.read !== undefined) requireBoolean('files.read', access.read);
  if (access.write !== undefined) requireBoolean('files.write', access.write);
}

/** What every transfer can be told, with the defaults filled in. @throws UsageError that names the option and what it must be */
export function resolveTransferOptions(options: TransferOptions): {
  readonly overwrite: Overwrite;
  readonly integrity: Integrity;
  readonly signal: AbortSignal | undefined;
} {
  requireOptions('options', options);
  const { overwrite = 'replace', integrity = 'xxh64', signal } = options;
  requireOneOf('overwrite', overwrite, OVERWRITES);
  requireOneOf('integrity', integrity, INTEGRITIES);
  requireSignal('signal', signal);
  return { overwrite, integrity, signal };
}

/** Whether all below a folder is wanted. @throws UsageError that names the option and what it must be */
export function wantsRecursive(options: ListOptions): boolean {
  requireOptions('options', options);
  const { recursive = false } = options;
  requireBoolean('recursive', recursive);
  return recursive;
}

import { basename, posix, resolve } from 'node:path';
import { requireText } from '@tcpcomm/protocol';
import { requireSendPolicy, type SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { TransferDirection } from '../transfer-record.ts';
import type { Integrity } from './files/file-hash.ts';
import type { Overwrite } from './files/publishing.ts';
import {
  type GetFileOptions,
  type GetFolderOptions,
  resolveTransferOptions,
  type SendFileOptions,
  type SendFolderOptions,
} from './transfer-options.ts';

/** A transfer that this end wants, with all defaults filled in. */
export interface TransferRequest {
  readonly kind: 'file' | 'folder';
  readonly direction: TransferDirection;
  /** Below the peer's root, separated by `/`. */
  readonly remotePath: string;
  /** Of this machine: what is sent, or where it goes. */
  readonly localPath: string;
  readonly overwrite: Overwrite;
  readonly integrity: Integrity;
  /** How it is sent, if it is. */
  readonly policy: SendPolicyOptions;
}

/** @throws UsageError that names what makes no sense */
export function getFileRequest(remotePath: string, options: GetFileOptions): TransferRequest {
  requireText('remotePath', remotePath);
  const { overwrite, integrity } = resolveTransferOptions(options);
  const { to = '.' } = options;
  requireText('to', to);
  return { kind: 'file', direction: 'incoming', remotePath, localPath: to, overwrite, integrity, policy: {} };
}

/** @throws UsageError that names what makes no sense */
export function sendFileRequest(localPath: string, options: SendFileOptions): TransferRequest {
  requireText('localPath', localPath);
  const { overwrite, integrity } = resolveTransferOptions(options);
  const { as = basename(localPath) } = options;
  requireText('as', as);
  const policy = policyOf(options);
  return { kind: 'file', direction: 'outgoing', remotePath: as, localPath, overwrite, integrity, policy };
}

/** @throws UsageError that names what makes no sense */
export function getFolderRequest(remotePath: string, options: GetFolderOptions): TransferRequest {
  requireText('remotePath', remotePath);
  const { overwrite, integrity } = resolveTransferOptions(options);
  const { to = posix.basename(remotePath) } = options;
  requireText('to', to);
  return { kind: 'folder', direction: 'incoming', remotePath, localPath: to, overwrite, integrity, policy: {} };
}

/** @throws UsageError that names what makes no sense */
export function sendFolderRequest(localPath: string, options: SendFolderOptions): TransferRequest {
  requireText('localPath', localPath);
  const { overwrite, integrity } = resolveTransferOptions(options);
  const { as = basename(resolve(localPath)) } = options;
  requireText('as', as);
  const policy = policyOf(options);
  return { kind: 'folder', direction: 'outgoing', remotePath: as, localPath, overwrite, integrity, policy };
}

function policyOf(options: SendPolicyOptions): SendPolicyOptions {
  requireSendPolicy(options);
  const { priority, weight, bytesPerSecond } = options;
  return {
    ...(priority !== undefined && { priority }),
    ...(weight !== undefined && { weight }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}

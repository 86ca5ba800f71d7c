import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import type { FileTransfer } from '@tcpcomm/client';
import { UsageError } from '@tcpcomm/protocol';
import type { Integrity, Overwrite } from '@tcpcomm/session';
import { IncompleteFolderError } from './incomplete-folder-error.ts';
import { remoteFolder } from './remote-folder.ts';
import type { CommandContext } from './run-command.ts';

export interface TransferSettings {
  /** A folder, with all that is in it. */
  readonly isRecursive: boolean;
  readonly overwrite: Overwrite;
  readonly integrity: Integrity;
}

/**
 * Fetches REMOTE to LOCAL. A file goes to that path, or into that folder if there is one; a folder becomes LOCAL itself, so that
 * the same command goes on with what is there. Without LOCAL it keeps its name, in the working directory.
 */
export function startGet(
  { client, report }: CommandContext,
  remote: string,
  local: string | undefined,
  { isRecursive, ...options }: TransferSettings,
): FileTransfer {
  const transfer = isRecursive
    ? client.getFolder(remoteFolder(remote), { to: localFolder(remoteFolder(remote), local), ...options })
    : client.getFile(remote, { to: local ?? '.', ...options });
  report.transferAsked(transfer, client);
  return transfer;
}

/** Sends LOCAL as REMOTE; a REMOTE that ends in a slash is the folder that it goes into. */
export function startSend(
  { client, report }: CommandContext,
  local: string,
  remote: string | undefined,
  { isRecursive, ...options }: TransferSettings,
): FileTransfer {
  const name = basename(resolve(local));
  const as = remote === undefined || remote.endsWith('/') ? `${remote ?? ''}${name}` : remote;
  const transfer = isRecursive
    ? client.sendFolder(local, { as: remoteFolder(as), ...options })
    : client.sendFile(local, { as, ...options });
  report.transferAsked(transfer, client);
  return transfer;
}

/** Waits for a transfer, whose report tells the rest. @throws what went wrong, also if it is some of what is in a folder */
export async function completion(transfer: FileTransfer): Promise<void> {
  const { folder } = await transfer.done;
  if (folder && folder.failed.length > 0) throw new IncompleteFolderError(folder.failed);
}

/** Says before anything is sent that the file or the folder could not be put there. */
export async function requireTarget(local = '.'): Promise<void> {
  const folder = dirname(local);
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new UsageError(`LOCAL is to be in a folder that exists, there is no folder ${folder}`);
}

/** Says before anything is sent that there is no such file or folder to send. */
export async function requireSource(local: string, isRecursive: boolean): Promise<void> {
  const expected = isRecursive ? 'a folder' : 'a file';
  const stats = await stat(local).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`LOCAL is to be ${expected}, there is nothing at ${local}`);
  if (isRecursive ? stats.isDirectory() : stats.isFile()) return;
  if (stats.isDirectory()) throw new UsageError(`LOCAL is to be a file, ${local} is a folder: -r sends it`);
  throw new UsageError(`LOCAL is to be ${expected}, ${local} is something else`);
}

/** Where a fetched folder goes: `copies/` and `.` are the folder that it goes into. */
function localFolder(remote: string, local: string | undefined): string {
  const name = posix.basename(remote);
  if (local === undefined) return name === '' ? '.' : name;
  return /(^|[/\\])\.{0,2}$/.test(local) ? join(local, name) : local;
}

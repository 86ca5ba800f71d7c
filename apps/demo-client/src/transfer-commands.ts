import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { FileTransfer } from '@tcpcomm/client';
import { UsageError } from '@tcpcomm/protocol';
import type { CommandContext } from './run-command.ts';

export interface TransferOptions {
  /** Whether a file that is there already is replaced. */
  readonly overwrite: boolean;
}

/** Fetches REMOTE to LOCAL, a path or an existing folder. */
export function startGet(
  { client, report, interruption }: CommandContext,
  remote: string,
  local: string,
  { overwrite }: TransferOptions,
): FileTransfer {
  const transfer = client.getFile(remote, {
    to: local,
    overwrite: overwrite ? 'replace' : 'refuse',
    signal: interruption.signal,
  });
  report.transferAsked(transfer, client);
  return transfer;
}

/** Sends LOCAL as REMOTE; a REMOTE that ends in a slash is a folder. */
export function startSend(
  { client, report, interruption }: CommandContext,
  local: string,
  remote: string | undefined,
  { overwrite }: TransferOptions,
): FileTransfer {
  const name = basename(local);
  const transfer = client.sendFile(local, {
    as: remote === undefined || remote.endsWith('/') ? `${remote ?? ''}${name}` : remote,
    overwrite: overwrite ? 'replace' : 'refuse',
    signal: interruption.signal,
  });
  report.transferAsked(transfer, client);
  return transfer;
}

/** Says before anything is sent that the file could not be put there. */
export async function requireTarget(local: string): Promise<void> {
  const folder = dirname(local);
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new UsageError(`LOCAL is to be in a folder that exists, there is no folder ${folder}`);
}

/** Says before anything is sent that there is no such file to send. */
export async function requireSource(local: string): Promise<void> {
  const stats = await stat(local).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`LOCAL is to be a file, there is nothing at ${local}`);
  if (!stats.isFile()) throw new UsageError(`LOCAL is to be a file, ${local} is something else`);
}

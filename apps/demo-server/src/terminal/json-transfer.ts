import type { FileTransfer, Session, TransferResult } from '@tcpcomm/session';
import { hashName } from './hash-name.ts';
import { printJsonLine } from './json-line.ts';
import { viewSending } from './sending-view.ts';

/** Prints `progress` lines about ten times a second while bytes of a transfer of the session move, each with `facts` in it. */
export function printProgressAsJson(
  transfer: FileTransfer,
  session: Pick<Session, 'stats'>,
  facts: Readonly<Record<string, unknown>> = {},
): void {
  const { direction, name } = transfer;
  const print = () => {
    if (transfer.state !== 'active') return;
    const sending = viewSending(transfer, session);
    const { transferredBytes, totalBytes, percent, bytesPerSecond, remainingMs, folder } = transfer.progress;
    printJsonLine({
      event: 'progress',
      ...facts,
      direction,
      name,
      ...folder,
      transferredBytes,
      totalBytes,
      percent,
      bytesPerSecond: Math.round(bytesPerSecond),
      remainingMs: remainingMs === undefined ? undefined : Math.round(remainingMs),
      limitedBy: sending?.limitedBy,
      roundTripMs: sending?.roundTripMs && Number(sending.roundTripMs.toFixed(3)),
    });
  };
  transfer.on('progress', print);
  print();
}

/** What there is to say of a transfer that is done. Of a folder's entries that failed only how many: there may be a great many. */
export function resultFacts(
  { direction, name }: FileTransfer,
  { name: receivedAs, localPath, totalBytes, resumedFromBytes, hash, folder }: TransferResult,
  elapsedMs: number,
): Record<string, unknown> {
  return {
    direction,
    name,
    receivedAs: receivedAs === name ? undefined : receivedAs,
    localPath,
    ...(folder && { ...folder, failed: folder.failed.length }),
    totalBytes,
    resumedFromBytes,
    ...(hash !== undefined && { [hashName(hash)]: hash }),
    elapsedMs: Math.round(elapsedMs),
  };
}

/** What there is to say of an error. */
export function errorFacts(error: Error): Record<string, unknown> {
  return { code: (error as { code?: unknown }).code, message: error.message };
}

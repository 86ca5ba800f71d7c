import type { FileTransfer, FolderProgress, Session, TransferResult } from '@tcpcomm/session';
import { hashName } from './hash-name.ts';
import { printJsonLine } from './json-line.ts';
import type { TransferView } from './progress-line.ts';
import { isLimitedBy, viewSending } from './sending-view.ts';

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
    const { transferredBytes, totalBytes, percent, bytesPerSecond, elapsedMs, remainingMs, folder } = transfer.progress;
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
      elapsedMs: Math.round(elapsedMs),
      remainingMs: remainingMs === undefined ? undefined : Math.round(remainingMs),
      limitedBy: sending?.limitedBy,
      roundTripMs: sending?.roundTripMs && Number(sending.roundTripMs.toFixed(3)),
    });
  };
  transfer.on('progress', print);
  print();
}

/** What such a line tells, as it was before: the opposite of `printProgressAsJson`. */
export function readProgress(line: Readonly<Record<string, unknown>>): TransferView {
  const optional = (fact: string) => (line[fact] === undefined ? undefined : Number(line[fact]));
  const { limitedBy } = line;
  return {
    direction: line.direction === 'outgoing' ? 'outgoing' : 'incoming',
    name: String(line.name),
    progress: {
      transferredBytes: Number(line.transferredBytes),
      totalBytes: optional('totalBytes'),
      percent: Number(line.percent),
      bytesPerSecond: Number(line.bytesPerSecond),
      elapsedMs: Number(line.elapsedMs),
      remainingMs: optional('remainingMs'),
      ...('totalFiles' in line && { folder: readFolderProgress(line) }),
    },
    ...(isLimitedBy(limitedBy) && { sending: { limitedBy, roundTripMs: optional('roundTripMs') } }),
  };
}

function readFolderProgress(line: Readonly<Record<string, unknown>>): FolderProgress {
  return {
    doneFiles: Number(line.doneFiles),
    totalFiles: Number(line.totalFiles),
    failedFiles: Number(line.failedFiles),
    currentFile: typeof line.currentFile === 'string' ? line.currentFile : undefined,
    currentFileBytes: Number(line.currentFileBytes),
    currentFileSizeBytes: Number(line.currentFileSizeBytes),
  };
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

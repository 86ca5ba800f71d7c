import type { FileTransfer, Session, TransferResult } from '@tcpcomm/session';
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
    const { transferredBytes, totalBytes, percent, bytesPerSecond, remainingMs } = transfer.progress;
    printJsonLine({
      event: 'progress',
      ...facts,
      direction,
      name,
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

/** What there is to say of a transfer that is done. */
export function resultFacts(
  { direction, name }: FileTransfer,
  { localPath, totalBytes, hash }: TransferResult,
  elapsedMs: number,
): Record<string, unknown> {
  return { direction, name, localPath, totalBytes, xxh64: hash, elapsedMs: Math.round(elapsedMs) };
}

/** What there is to say of an error. */
export function errorFacts(error: Error): Record<string, unknown> {
  return { code: (error as { code?: unknown }).code, message: error.message };
}

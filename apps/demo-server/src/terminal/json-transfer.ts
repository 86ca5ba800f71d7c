import type { FileTransfer, TransferResult } from '@tcpcomm/session';
import { printJsonLine } from './json-line.ts';

/** Prints `progress` lines about ten times a second while a transfer's bytes move, each with `facts` in it. */
export function printProgressAsJson(transfer: FileTransfer, facts: Readonly<Record<string, unknown>> = {}): void {
  const { direction, name } = transfer;
  const print = () => {
    if (transfer.state !== 'active') return;
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

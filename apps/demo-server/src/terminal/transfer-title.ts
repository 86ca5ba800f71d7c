import type { TransferDirection } from '@tcpcomm/session';
import { printable } from './printable.ts';

/** What a transfer is called. */
export interface TransferTitle {
  /** Seen from the end that shows it. */
  readonly direction: TransferDirection;
  readonly name: string;
  /** The other end, where there are several. */
  readonly peer?: string;
}

/** `↓ anna: picture.jpg`: an arrow for what comes or goes, the other end, the name; a folder's ends in a slash. */
export function transferTitle({ direction, name, peer }: TransferTitle, isFolder = false): string {
  const arrow = direction === 'incoming' ? '↓' : '↑';
  return `${arrow} ${peer === undefined ? '' : `${printable(peer)}: `}${printable(name)}${isFolder ? '/' : ''}`;
}

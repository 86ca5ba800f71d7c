import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';

/** Tells somebody what the client does. */
export interface ClientReport {
  /** A transfer of the client was asked for; the report follows it, but leaves its failure to `failed`. */
  transferAsked(transfer: FileTransfer, client: TcpCommClient): void;
  /** The server's handler has taken a text. */
  textTaken(text: string, channel: number, elapsedMs: number): void;
  /** Somebody said something. */
  textArrived(text: string, channel: number): void;
  /** Something that a person at a terminal should know. */
  note(text: string): void;
  /** Something went wrong, and what to do about it. */
  failed(error: Error, advice: string | undefined): void;
  interrupted(): void;
}

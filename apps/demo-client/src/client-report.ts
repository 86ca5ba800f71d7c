import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';
import type { ImageOutcome, Participant, ServerPortrait } from '@tcpcomm/demo-server';
import type { ArrayProgress } from '@tcpcomm/large-array';
import type { FolderEntry } from '@tcpcomm/session';
import type { Retry } from './retry-plan.ts';

/** Tells somebody what the client does. */
export interface ClientReport {
  /** A transfer of the client was asked for; the report follows it, but leaves its failure to `failed`. */
  transferAsked(transfer: FileTransfer, client: TcpCommClient): void;
  /** A transfer has begun to move, perhaps not from its beginning. */
  transferBegan(transfer: FileTransfer): void;
  /** What there is in a folder of the server's. */
  listed(folder: string, entries: readonly FolderEntry[]): void;
  /** More of an image has gone to the server. */
  imageMoves(progress: ArrayProgress): void;
  /** The server has all of an image, and says what became of it. @param elapsedMs how long it was on its way */
  imageKept(outcome: ImageOutcome, elapsedMs: number): void;
  /** An image is not on its way any more; why is left to `failed`. */
  imageStopped(): void;
  /** Who is there. */
  participantsListed(participants: readonly Participant[]): void;
  /** What the server is. */
  serverPortrayed(portrait: ServerPortrait, elapsedMs: number): void;
  /** The server's handler has taken a text. */
  textTaken(text: string, channel: number, elapsedMs: number): void;
  /** Somebody said something. */
  textArrived(text: string, channel: number): void;
  /** The connection was lost, or is not back yet; there will be another attempt. */
  retrying(error: Error, retry: Retry): void;
  /** Something that a person at a terminal should know. */
  note(text: string): void;
  /** Something went wrong, and what to do about it. */
  failed(error: Error, advice: string | undefined): void;
  interrupted(advice: string | undefined): void;
}

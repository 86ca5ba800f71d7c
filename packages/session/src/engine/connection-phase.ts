import type { TcpCommError } from '@tcpcomm/protocol';
import type { OutputBatch } from './sending/output-batch.ts';

/** For a phase that nobody moves bytes for. */
export function sleepOn(): void {
  // There is nobody to wake.
}

/**
 * What stands between a connection and its meaning: bytes go in, bytes come out, time is an argument.
 * A connection passes two phases, the `Handshake` and then the `SessionEngine`; whatever moves the bytes (a socket,
 * or a test on virtual time) treats both alike.
 */
export interface ConnectionPhase {
  /** Set by the mover of bytes: called when output or a nearer deadline may have come up. */
  onWake: () => void;

  /**
   * Takes received bytes, of which messages may become views: see `keepsReceived`.
   *
   * @returns how many; fewer than given only when the phase ended within them, and the rest belongs to the next phase
   */
  receive(bytes: Uint8Array, nowMs: number): number;

  /** Whether something still refers to the bytes that `receive` was last given; otherwise their memory may be used again. */
  readonly keepsReceived: boolean;

  /**
   * Where the next bytes may be read to directly, because they belong to a large payload that has begun to come. What is read
   * there must be given to `receive` next, as a view of this very memory. Undefined where there is no such place.
   */
  roomForNext(maxBytes: number): Uint8Array<ArrayBuffer> | undefined;

  /** The peer has ended its side of the connection: nothing more will be received. */
  handleEnd(nowMs: number): void;

  /** The connection is gone: nothing more can be received or sent. */
  handleLoss(error: TcpCommError, nowMs: number): void;

  /** The next bytes to write, at once and in one piece, or undefined for now. Ask again only after `handleWritten`. */
  takeOutput(nowMs: number): OutputBatch | undefined;

  /** The bytes last taken are with the kernel; their memory may be used again. */
  handleWritten(nowMs: number): void;

  /** When `handleDeadline` wants to be called, in the caller's milliseconds; Infinity for never. */
  readonly deadlineMs: number;
  handleDeadline(nowMs: number): void;

  /** Whether no output will follow what `takeOutput` still gives: the connection is to be ended after that. */
  readonly isFinished: boolean;
}

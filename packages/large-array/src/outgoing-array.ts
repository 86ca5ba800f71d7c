import { type Announcement, encodeAnnouncement } from './announcement.ts';
import type { ArrayProgress } from './array-description.ts';
import { encodeHeader, MessageKind } from './array-messages.ts';
import type { ArrayPort } from './array-port.ts';
import type { ArraySource } from './array-source.ts';
import { isLittleEndian } from './byte-order.ts';
import { tell } from './callbacks.ts';

/** Of one array at a time, so that others, and what else the port carries, come in between. */
const PIECE_BYTES = 262_144;
/** An announcement up to this, elements included, is one message in place of three; copying so little costs less. */
const MAX_INLINE_MESSAGE_BYTES = 2048;

export interface SendArrayOptions {
  /** Its dimensions: up to 32 whole numbers whose product is the number of elements (of bytes, for a DataView or an ArrayBuffer). */
  readonly shape?: readonly number[] | undefined;
  /** What the receiver is told that it is: up to 1,024 UTF-16 units. */
  readonly label?: string | undefined;
  /** Aborts it, at the receiver too, or the wait for its turn. */
  readonly signal?: AbortSignal | undefined;
  /** Told when it begins, and of each piece that has gone. */
  readonly onProgress?: ((progress: ArrayProgress) => void) | undefined;
}

/** An array on its way to the peer: what of it was given to the port and has gone, and what its sender is waiting for. */
export class OutgoingArray {
  readonly byteLength: number;
  /** Settles when the peer's program has the array, or when that will not be. */
  readonly taken: Promise<undefined>;
  /** 0 until it may be sent. */
  id = 0;
  /** Takes it out of the line in which it stands: of those that may not be sent yet, or of those that have something to send. */
  leaveLine: (() => void) | undefined;
  readonly #options: SendArrayOptions;
  /** Let go of as soon as nothing of it is needed. */
  #source: ArraySource | undefined;
  readonly #resolve: (value: undefined) => void;
  readonly #reject: (reason: unknown) => void;
  #onAbort: (() => void) | undefined;
  /** The same for each piece. */
  #pieceHeader: Uint8Array | undefined;
  #isAnnounced = false;
  #givenBytes = 0;
  #goneBytes = 0;
  #toldBytes = -1;

  constructor(source: ArraySource, options: SendArrayOptions) {
    this.byteLength = source.byteLength;
    this.#source = source;
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.taken = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isSettled(): boolean {
    return this.#source === undefined;
  }

  /** Whether the peer has been told of it. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Whether all of it was given to the port. */
  get isGiven(): boolean {
    return this.#isAnnounced && this.#givenBytes === this.byteLength;
  }

  /** What of it the port has been given. */
  get givenBytes(): number {
    return this.#givenBytes;
  }

  /** Calls back when its sender does not want it any more. */
  watchSignal(onAbort: (reason: unknown) => void): void {
    const { signal } = this.#options;
    if (signal === undefined) return;
    this.#onAbort = () => onAbort(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Gives the port what comes next: the announcement, or a piece. Resolves when that has gone.
   *
   * @throws ArrayTransferError ARRAY_SOURCE_GONE, and nothing was given
   */
  giveNext(port: ArrayPort): Promise<unknown> {
    return this.#isAnnounced ? this.#givePiece(port) : this.#announce(port);
  }

  /** So much of what the port was given has gone; of an array that is settled nobody is told that any more. */
  handleGone(bytes: number): void {
    this.#goneBytes += bytes;
    if (!this.isSettled) this.#tellProgress();
  }

  resolve(): void {
    this.#settle();
    this.#goneBytes = this.byteLength;
    this.#tellProgress();
    this.#resolve(undefined);
  }

  reject(reason: unknown): void {
    this.#settle();
    this.#reject(reason);
  }

  #announce(port: ArrayPort): Promise<unknown> {
    const { id, byteLength } = this;
    const { shape, label } = this.#options;
    const { type, isShared } = this.#source!;
    const announcement: Announcement = { id, byteLength, type, isShared, isLittleEndian, shape, label };
    const { bytes, elementBytesAt } = encodeAnnouncement(announcement, messageBytes(port, MAX_INLINE_MESSAGE_BYTES));
    if (elementBytesAt !== undefined) {
      bytes.set(this.#source!.bytes(0, byteLength), elementBytesAt);
      this.#givenBytes = byteLength;
    }
    this.#isAnnounced = true;
    return give(port, bytes);
  }

  #givePiece(port: ArrayPort): Promise<unknown> {
    const from = this.#givenBytes;
    const pieceBytes = Math.min(messageBytes(port, PIECE_BYTES), this.byteLength - from);
    const piece = this.#source!.bytes(from, pieceBytes);
    this.#pieceHeader ??= encodeHeader(MessageKind.PIECE, this.id);
    this.#givenBytes += pieceBytes;
    // Together, so that the port has nothing between the two.
    return Promise.all([give(port, this.#pieceHeader), give(port, piece)]);
  }

  /** Once for each state of it. */
  #tellProgress(): void {
    const { onProgress, label } = this.#options;
    const movedBytes = this.#goneBytes;
    if (onProgress === undefined || this.#toldBytes === movedBytes) return;
    this.#toldBytes = movedBytes;
    const { id, byteLength } = this;
    tell(onProgress, { id, label, byteLength, movedBytes, direction: 'outgoing' });
  }

  #settle(): void {
    this.#source = undefined;
    if (this.#onAbort) this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** So many at most, or what the port carries. */
function messageBytes({ maxMessageBytes = Infinity }: ArrayPort, mostBytes: number): number {
  return maxMessageBytes >= 1 ? Math.min(Math.floor(maxMessageBytes), mostBytes) : mostBytes;
}

/** Also what a port throws is a rejection. */
async function give(port: ArrayPort, bytes: Uint8Array): Promise<void> {
  await port.send(bytes);
}

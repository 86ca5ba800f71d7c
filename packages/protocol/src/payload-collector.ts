/** Pieces from this size on are kept as they are; smaller ones are gathered, or a byte would pin a whole read buffer. */
const KEEP_FROM_BYTES = 4096;
const FIRST_BLOCK_BYTES = 256;
const MAX_BLOCK_BYTES = 65_536;

/**
 * Gathers the pieces of a payload that did not arrive at once and joins them, in linear time and in
 * memory that follows the bytes that really came, whatever length was announced.
 */
export class PayloadCollector {
  readonly #pieces: Uint8Array[] = [];
  #block: Uint8Array | undefined;
  /** Where in the block the bytes begin that are no piece yet, and where they end. */
  #runStart = 0;
  #runEnd = 0;
  #byteLength = 0;
  #copiedBytes = 0;

  /** Bytes gathered and not yet taken. */
  get byteLength(): number {
    return this.#byteLength;
  }

  append(piece: Uint8Array): void {
    this.#byteLength += piece.length;
    if (piece.length >= KEEP_FROM_BYTES) {
      this.#finishRun();
      this.#pieces.push(piece);
    } else {
      this.#appendCopy(piece);
    }
  }

  /** All that was gathered as one array; the collector is empty afterwards. */
  take(): Uint8Array {
    this.#finishRun();
    this.#block = undefined;
    const pieces = this.#pieces;
    const joined = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : join(pieces, this.#byteLength);
    this.#pieces.length = 0;
    this.#byteLength = 0;
    this.#copiedBytes = 0;
    return joined;
  }

  #appendCopy(piece: Uint8Array): void {
    let rest = piece;
    while (rest.length > 0) {
      const block = this.#blockWithRoom();
      const taken = rest.subarray(0, block.length - this.#runEnd);
      block.set(taken, this.#runEnd);
      this.#runEnd += taken.length;
      this.#copiedBytes += taken.length;
      rest = rest.subarray(taken.length);
    }
  }

  /** The block, or a new one where it is full: as large as all that was copied so far, so that memory at most doubles. */
  #blockWithRoom(): Uint8Array {
    if (this.#block !== undefined && this.#runEnd < this.#block.length) return this.#block;
    this.#finishRun();
    this.#block = new Uint8Array(Math.min(MAX_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#copiedBytes)));
    this.#runStart = 0;
    this.#runEnd = 0;
    return this.#block;
  }

  /** Makes a piece of the bytes copied last. The room behind them stays in use: large pieces in between waste none. */
  #finishRun(): void {
    if (this.#block === undefined || this.#runStart === this.#runEnd) return;
    this.#pieces.push(this.#block.subarray(this.#runStart, this.#runEnd));
    this.#runStart = this.#runEnd;
  }
}

function join(pieces: readonly Uint8Array[], byteLength: number): Uint8Array {
  const joined = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

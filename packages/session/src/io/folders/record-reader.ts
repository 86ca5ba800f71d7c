import {
  decodeFolderRecord,
  type FolderRecord,
  MAX_RECORD_HEADER_BYTES,
  ProtocolError,
  RECORD_LENGTH_BYTES,
  WireError,
} from '@tcpcomm/protocol';

export interface RecordHandler {
  onRecord(record: FolderRecord): void;
  /** Bytes of the file that the last record announced, valid during the call only. */
  onBody(bytes: Uint8Array): void;
  /** All of them have come. */
  onBodyEnd(): void;
}

/** Takes the bytes of a folder transfer apart into its records (docs/PROTOCOL.md §9.7), wherever they are cut. */
export class RecordReader {
  readonly #handler: RecordHandler;
  #header: Uint8Array<ArrayBuffer> = new Uint8Array(RECORD_LENGTH_BYTES);
  #headerUsed = 0;
  #isLengthKnown = false;
  #bodyBytes = 0;
  /** Bytes of lengths and headers, since somebody asked last. */
  #headerBytes = 0;

  constructor(handler: RecordHandler) {
    this.#handler = handler;
  }

  /** Whether the bytes so far end with a whole record. */
  get isAtEnd(): boolean {
    return this.#bodyBytes === 0 && this.#headerUsed === 0 && !this.#isLengthKnown;
  }

  /** How many bytes were no file's since the last time. */
  takeHeaderBytes(): number {
    const bytes = this.#headerBytes;
    this.#headerBytes = 0;
    return bytes;
  }

  /** @throws ProtocolError `INVALID_TRANSFER` for anything that is not a record */
  read(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) rest = this.#bodyBytes > 0 ? this.#readBody(rest) : this.#readHeader(rest);
  }

  #readBody(bytes: Uint8Array): Uint8Array {
    const body = bytes.subarray(0, this.#bodyBytes);
    this.#bodyBytes -= body.length;
    this.#handler.onBody(body);
    if (this.#bodyBytes === 0) this.#handler.onBodyEnd();
    return bytes.subarray(body.length);
  }

  #readHeader(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, this.#header.length - this.#headerUsed);
    this.#header.set(taken, this.#headerUsed);
    this.#headerUsed += taken.length;
    this.#headerBytes += taken.length;
    if (this.#headerUsed === this.#header.length) {
      if (this.#isLengthKnown) this.#handleHeader();
      else this.#handleLength();
    }
    return bytes.subarray(taken.length);
  }

  #handleLength(): void {
    const length = new DataView(this.#header.buffer).getUint32(0);
    if (length === 0 || length > MAX_RECORD_HEADER_BYTES) {
      throw new ProtocolError(
        WireError.INVALID_TRANSFER,
        `record of a folder with a header of ${length} bytes, expected 1 to ${MAX_RECORD_HEADER_BYTES}`,
      );
    }
    this.#expect(length, true);
  }

  #handleHeader(): void {
    const record = decodeFolderRecord(this.#header);
    this.#expect(RECORD_LENGTH_BYTES, false);
    this.#bodyBytes = record.piece?.byteLength ?? 0;
    this.#handler.onRecord(record);
    if (record.piece?.byteLength === 0) this.#handler.onBodyEnd();
  }

  #expect(headerBytes: number, isLengthKnown: boolean): void {
    this.#header = new Uint8Array(headerBytes);
    this.#headerUsed = 0;
    this.#isLengthKnown = isLengthKnown;
  }
}

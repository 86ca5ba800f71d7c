import * as v from 'valibot';
import { ProtocolError } from './errors.ts';
import { WireError } from './wire-error.ts';

/**
 * What travels as the bytes of a folder transfer (docs/PROTOCOL.md §9.7): records, each a length, a header in JSON, and the bytes
 * of a file where the header says that there are some.
 */

/** Bytes of the length before each header. */
export const RECORD_LENGTH_BYTES = 4;
/** The largest header. */
export const MAX_RECORD_HEADER_BYTES = 65_536;
/** Entries in one record. */
export const MAX_RECORD_ENTRIES = 1_000;
/** Bytes of a file in one record. */
export const MAX_RECORD_BODY_BYTES = 1_048_576;
const MAX_PATH_LENGTH = 8_192;
const MAX_SENTENCE_LENGTH = 1_024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const path = v.pipe(v.string(), v.maxLength(MAX_PATH_LENGTH));
const sentence = v.pipe(v.string(), v.maxLength(MAX_SENTENCE_LENGTH));
const errorNumber = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));
const hash = v.pipe(v.string(), v.regex(/^([0-9a-f]{16}|[0-9a-f]{64})$/));

const folderEntry = v.object({
  /** Below the folder, separated by `/`. */
  path,
  type: v.picklist(['file', 'folder']),
  sizeBytes: count,
  modifiedMs: v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15)),
  /** The permissions, nine bits. */
  mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777)),
});

const schemas = {
  entries: v.object({ entries: v.pipe(v.array(folderEntry), v.minLength(1), v.maxLength(MAX_RECORD_ENTRIES)) }),
  unavailable: v.object({ unavailable: v.object({ path, code: errorNumber, message: sentence }) }),
  total: v.object({ total: v.object({ files: count, folders: count, bytes: count }) }),
  piece: v.object({
    piece: v.object({
      /** Which file: its place among all entries. */
      index: count,
      offsetBytes: count,
      byteLength: v.pipe(count, v.maxValue(MAX_RECORD_BODY_BYTES)),
      /** Of the whole file, with its last piece. */
      hash: v.optional(hash),
    }),
  }),
  lost: v.object({ lost: v.object({ index: count, code: errorNumber, message: sentence }) }),
} as const;

type RecordKind = keyof typeof schemas;
type RecordOf<Kind extends RecordKind> = v.InferOutput<(typeof schemas)[Kind]>;

/** A file or a folder below the folder. */
export type FolderEntry = v.InferOutput<typeof folderEntry>;
/** What a record says; exactly one of its properties is there. */
export type FolderRecord = Partial<
  RecordOf<'entries'> & RecordOf<'unavailable'> & RecordOf<'total'> & RecordOf<'piece'> & RecordOf<'lost'>
>;
export type FolderPiece = NonNullable<FolderRecord['piece']>;

/** The length and the header of a record; its body follows. */
export function encodeFolderRecord(record: FolderRecord): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(JSON.stringify(record));
  const bytes = new Uint8Array(RECORD_LENGTH_BYTES + header.length);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, RECORD_LENGTH_BYTES);
  return bytes;
}

/** @throws ProtocolError `INVALID_TRANSFER` that says what of the header is wrong */
export function decodeFolderRecord(header: Uint8Array): FolderRecord {
  const value = parse(header);
  const kind = Object.keys(schemas).find((name) => Object.hasOwn(value, name)) as RecordKind | undefined;
  if (kind === undefined) throw invalid(`expected one of ${Object.keys(schemas).join(', ')}`);
  const result = v.safeParse(schemas[kind], value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw invalid(`${String(v.getDotPath(issue))}: ${issue.message}`);
}

function parse(header: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // As bad as any other value.
  }
  throw invalid('expected an object as JSON in UTF-8');
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError(WireError.INVALID_TRANSFER, `record of a folder: ${detail}`.slice(0, MAX_SENTENCE_LENGTH));
}

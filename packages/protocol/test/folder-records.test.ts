import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFolderRecord,
  encodeFolderRecord,
  type FolderEntry,
  type FolderRecord,
  ProtocolError,
  RECORD_LENGTH_BYTES,
  WireError,
} from '../src/index.ts';

const entry: FolderEntry = { path: 'a', type: 'file', sizeBytes: 1, modifiedMs: 0.5, mode: 0o644 };
const piece = { index: 0, offsetBytes: 0, byteLength: 5 };

const decode = (value: unknown) => decodeFolderRecord(Buffer.from(JSON.stringify(value)));

it.each<FolderRecord>([
  { entries: [entry, { ...entry, type: 'folder', sizeBytes: 0, mode: 0 }] },
  { unavailable: { path: 'pipe', code: 66, message: 'no file' } },
  { total: { files: 3, folders: 0, bytes: 9 } },
  { piece },
  { piece: { ...piece, hash: 'ef46db3751d8e999' } },
  { lost: { index: 4, code: 74, message: '' } },
])('%j comes back as it was, behind its length', (record) => {
  const bytes = encodeFolderRecord(record);
  const header = bytes.subarray(RECORD_LENGTH_BYTES);
  expect(new DataView(bytes.buffer).getUint32(0)).toBe(header.length);
  expect(decodeFolderRecord(header)).toEqual(record);
});

it('any entry survives', () => {
  const entries = fc.record({
    path: fc.string({ unit: 'binary', maxLength: 100 }).map((text) => text.toWellFormed()),
    type: fc.constantFrom('file', 'folder'),
    sizeBytes: fc.maxSafeNat(),
    modifiedMs: fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }).map((value) => value + 0),
    mode: fc.integer({ min: 0, max: 0o777 }),
  });
  fc.assert(
    fc.property(fc.array(entries, { minLength: 1, maxLength: 20 }), (list) => {
      expect(decode({ entries: list })).toEqual({ entries: JSON.parse(JSON.stringify(list)) as unknown });
    }),
  );
});

describe('what is no record is refused', () => {
  it.each<[unknown, string]>([
    [{}, 'expected one of entries, unavailable, total, piece, lost'],
    [{ later: 1 }, 'expected one of'],
    [null, 'expected an object'],
    [5, 'expected an object'],
    [{ entries: [] }, 'entries: '],
    [{ entries: Array(1001).fill(entry) }, 'entries: '],
    [{ entries: [{ ...entry, type: 'link' }] }, 'entries.0.type: '],
    [{ entries: [{ ...entry, mode: 0o1000 }] }, 'entries.0.mode: '],
    [{ entries: [{ ...entry, sizeBytes: -1 }] }, 'entries.0.sizeBytes: '],
    [{ entries: [{ ...entry, path: 'x'.repeat(8193) }] }, 'entries.0.path: '],
    [{ entries: [{ ...entry, modifiedMs: 8.65e15 }] }, 'entries.0.modifiedMs: '],
    [{ piece: { ...piece, byteLength: 1_048_577 } }, 'piece.byteLength: '],
    [{ piece: { ...piece, hash: 'abc' } }, 'piece.hash: '],
    [{ piece: { ...piece, index: 0.5 } }, 'piece.index: '],
    [{ lost: { index: 0, code: 65_536, message: '' } }, 'lost.code: '],
    [{ total: { files: 1, folders: 1 } }, 'total.bytes: '],
  ])('%j', (value, message) => {
    let error: unknown;
    try {
      decode(value);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
      message: expect.stringContaining(`record of a folder: ${message}`) as string,
    });
  });

  it('bytes that are not JSON in UTF-8', () => {
    expect(() => decodeFolderRecord(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(ProtocolError);
    expect(() => decodeFolderRecord(Buffer.from('{'))).toThrow('expected an object as JSON in UTF-8');
  });
});

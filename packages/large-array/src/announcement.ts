import type { ArrayDescription } from './array-description.ts';
import { MessageKind, readId, writeHeader } from './array-messages.ts';
import { type ArrayType, arrayTypeOf, isSupported } from './array-types.ts';
import { invalid } from './errors.ts';
import { readUint16, readUint64, writeUint16, writeUint64 } from './big-endian.ts';
import { isShapeOf, MAX_DIMENSIONS, MAX_LABEL_LENGTH } from './requirements.ts';

/** Before the dimensions. */
const FIXED_BYTES = 24;
const DIMENSION_BYTES = 8;
const LITTLE_ENDIAN = 1;
const SHARED = 2;
const NO_SHAPE = 255;
const NO_LABEL = 0xffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** That an array begins: the message ARRAY of docs/PROTOCOL.md, which may have the elements in it. */
export interface Announcement {
  readonly id: number;
  readonly byteLength: number;
  readonly type: ArrayType;
  readonly isShared: boolean;
  readonly isLittleEndian: boolean;
  readonly shape: readonly number[] | undefined;
  readonly label: string | undefined;
}

/** An announcement that has come, and where its elements are in the message, if they are. */
export interface ReadAnnouncement extends Announcement {
  readonly elementBytesAt: number | undefined;
}

export function descriptionOf({ id, type, isShared, shape, label, byteLength }: Announcement): ArrayDescription {
  const name = type.name === 'ArrayBuffer' && isShared ? 'SharedArrayBuffer' : type.name;
  return Object.freeze({ id, type: name, shape, label, byteLength });
}

/**
 * The message, with room behind it for the elements if all of it is no larger than `maxInlineBytes`.
 *
 * @returns the message and where the elements belong; undefined where they do not
 */
export function encodeAnnouncement(
  { id, byteLength, type, isShared, isLittleEndian, shape, label }: Announcement,
  maxInlineBytes: number,
): { readonly bytes: Uint8Array; readonly elementBytesAt: number | undefined } {
  const text = label === undefined ? undefined : encoder.encode(label);
  const textAt = FIXED_BYTES + (shape?.length ?? 0) * DIMENSION_BYTES;
  const end = textAt + (text?.length ?? 0);
  const isInline = end + byteLength <= maxInlineBytes;
  const bytes = new Uint8Array(isInline ? end + byteLength : end);
  writeHeader(bytes, MessageKind.ARRAY, id);
  writeUint64(bytes, 8, byteLength);
  bytes[16] = type.number;
  bytes[17] = (isLittleEndian ? LITTLE_ENDIAN : 0) | (isShared ? SHARED : 0);
  bytes[18] = shape?.length ?? NO_SHAPE;
  writeUint16(bytes, 20, text?.length ?? NO_LABEL);
  for (const [index, dimension] of shape?.entries() ?? []) {
    writeUint64(bytes, FIXED_BYTES + index * DIMENSION_BYTES, dimension);
  }
  if (text) bytes.set(text, textAt);
  return { bytes, elementBytesAt: isInline ? end : undefined };
}

/**
 * Reads the message, and believes nothing of it.
 *
 * @throws ArrayTransferError ARRAY_INVALID that says what does not fit
 */
export function decodeAnnouncement(bytes: Uint8Array): ReadAnnouncement {
  if (bytes.length < FIXED_BYTES) {
    throw invalid(`announcement of ${bytes.length} bytes, at least ${FIXED_BYTES} are needed`);
  }
  const flags = bytes[17]!;
  if (flags > (LITTLE_ENDIAN | SHARED) || bytes[19] !== 0 || readUint16(bytes, 22) !== 0) {
    throw invalid('announcement with bits set that have no meaning');
  }
  const type = readType(bytes[16]!);
  const byteLength = readUint64(bytes, 8);
  if (byteLength % type.elementBytes !== 0) {
    throw invalid(`${type.name} of ${byteLength} bytes, each element has ${type.elementBytes}`);
  }
  const dimensions = bytes[18]!;
  const labelBytes = readUint16(bytes, 20);
  const textAt = FIXED_BYTES + (dimensions === NO_SHAPE ? 0 : dimensions * DIMENSION_BYTES);
  const end = textAt + (labelBytes === NO_LABEL ? 0 : labelBytes);
  if (bytes.length < end) throw invalid(`announcement of ${bytes.length} bytes, ${end} are needed`);
  const inlineBytes = bytes.length - end;
  if (inlineBytes !== 0 && inlineBytes !== byteLength) {
    throw invalid(`announcement with ${inlineBytes} bytes of elements, ${byteLength} or none are expected`);
  }
  return {
    id: readId(bytes),
    byteLength,
    type,
    isShared: (flags & SHARED) !== 0,
    isLittleEndian: (flags & LITTLE_ENDIAN) !== 0,
    shape: dimensions === NO_SHAPE ? undefined : readShape(bytes, dimensions, byteLength / type.elementBytes),
    label: labelBytes === NO_LABEL ? undefined : readLabel(bytes.slice(textAt, end)),
    elementBytesAt: inlineBytes === byteLength ? end : undefined,
  };
}

function readType(number: number): ArrayType {
  const type = arrayTypeOf(number);
  if (type === undefined) throw invalid(`array of the unknown type ${number}`);
  if (!isSupported(type)) throw invalid(`${type.name} came, this runtime has none`);
  return type;
}

function readShape(bytes: Uint8Array, dimensions: number, elements: number): readonly number[] {
  if (dimensions > MAX_DIMENSIONS)
    throw invalid(`shape of ${dimensions} dimensions, at most ${MAX_DIMENSIONS} are allowed`);
  const shape = Array.from({ length: dimensions }, (_, index) =>
    readUint64(bytes, FIXED_BYTES + index * DIMENSION_BYTES),
  );
  if (!shape.every(Number.isSafeInteger) || !isShapeOf(shape, elements)) {
    throw invalid(`shape [${shape.join(', ')}] of an array of ${elements} elements`);
  }
  return Object.freeze(shape);
}

function readLabel(text: Uint8Array): string {
  let label: string;
  try {
    label = decoder.decode(text);
  } catch {
    throw invalid('label that is not UTF-8');
  }
  if (label.length > MAX_LABEL_LENGTH) {
    throw invalid(`label of ${label.length} characters, at most ${MAX_LABEL_LENGTH} are allowed`);
  }
  return label;
}

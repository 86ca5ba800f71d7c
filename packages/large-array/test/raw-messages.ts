/** Messages as docs/PROTOCOL.md has them, written byte by byte: for peers that are not ours. */

export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** LIMITS that are never in the way. */
export const WIDE_LIMITS = hex('0000000000000000 001fffffffffffff 001fffffffffffff ffffffff');

export interface RawAnnouncement {
  readonly byteLength?: number;
  readonly type?: number;
  readonly flags?: number;
  /** The number of dimensions that is said, where it is not that of `shape`. */
  readonly dimensions?: number;
  readonly shape?: readonly (number | bigint)[];
  readonly label?: Uint8Array;
  readonly labelLength?: number;
  readonly reserved?: number;
  readonly elements?: Uint8Array;
}

/** Of a Uint8Array with little-endian elements, where nothing else is said. */
export function rawAnnouncement(id: number, parts: RawAnnouncement = {}): Uint8Array<ArrayBuffer> {
  const { byteLength = 4, type = 2, flags = 1, shape, label, reserved = 0, elements = new Uint8Array(0) } = parts;
  const bytes = new Uint8Array(24 + (shape?.length ?? 0) * 8 + (label?.length ?? 0) + elements.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(id));
  bytes[0] = 1;
  view.setBigUint64(8, BigInt(byteLength));
  bytes[16] = type;
  bytes[17] = flags;
  bytes[18] = parts.dimensions ?? shape?.length ?? 255;
  bytes[19] = reserved;
  view.setUint16(20, parts.labelLength ?? label?.length ?? 0xffff);
  for (const [index, dimension] of (shape ?? []).entries()) view.setBigUint64(24 + index * 8, BigInt(dimension));
  if (label) bytes.set(label, 24 + (shape?.length ?? 0) * 8);
  bytes.set(elements, bytes.length - elements.length);
  return bytes;
}

/** A message of 8 bytes: PIECE is 2, TAKEN is 5. */
export function rawHeader(kind: number, id: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(id));
  bytes[0] = kind;
  return bytes;
}

/** ABORTED is 3, REFUSED is 4. */
export function rawFailure(kind: number, id: number, number: number, sentence = ''): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(sentence);
  const bytes = new Uint8Array(10 + text.length);
  bytes.set(rawHeader(kind, id));
  new DataView(bytes.buffer).setUint16(8, number);
  bytes.set(text, 10);
  return bytes;
}

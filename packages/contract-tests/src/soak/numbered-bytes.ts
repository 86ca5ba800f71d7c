const HEADER_BYTES = 4;
/** Most are small; one in so many is larger than what is sent in one frame on a slow link. */
const LARGE_EACH = 50;

/** On average, the large ones included. */
export const AVERAGE_NUMBERED_BYTES = 1_200;

/** Bytes of a kind, in their order: which they are can be read from them, and nothing else can look like them. */
export function numberedBytes(kind: number, number: number): Uint8Array {
  const mixed = Math.imul(number + 1, 2_654_435_761) ^ Math.imul(kind, 40_503);
  const size = HEADER_BYTES + (number % LARGE_EACH === LARGE_EACH - 1 ? mixed >>> 16 : mixed >>> 22);
  const bytes = new Uint8Array(size).fill(mixed & 0xff);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** What they say of themselves. */
export function numberOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Whether they are what they must be, to the last byte. */
export function areNumbered(bytes: Uint8Array, kind: number, number: number): boolean {
  return Buffer.compare(bytes, numberedBytes(kind, number)) === 0;
}

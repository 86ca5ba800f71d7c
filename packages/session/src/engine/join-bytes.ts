/** One behind the other, in memory of their own, or in `bytes` if that is given. */
export function joinBytes(
  one: Uint8Array,
  other: Uint8Array,
  bytes = new Uint8Array(one.length + other.length),
): Uint8Array<ArrayBuffer> {
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

/**
 * UTF-8. Small texts share memory, as Node.js does it for buffers: to have some of its own, as `TextEncoder` gives it, takes ten times
 * as long.
 */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, length);
}

/** What O_DIRECT wants addresses, offsets and lengths to be multiples of, on every disk that is in use. */
export const ALIGNMENT_BYTES = 4_096;
const WASM_PAGE_BYTES = 65_536;
/** Pieces of memory that were given back are kept up to this, all together. */
const MAX_SPARE_BYTES = 67_108_864;

/** Since Node 26 a `Buffer` can be asked to be aligned, by an argument that TypeScript does not know of. */
const allocateBuffer: (...size: [byteLength: number, alignment: number]) => Buffer<ArrayBuffer> =
  Buffer.allocUnsafeSlow.bind(Buffer);
const knowsAlignment = allocateBuffer.length >= 2;

/** What is used of WebAssembly here, of which TypeScript knows only in browsers. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

/** Memory that begins at a multiple of `ALIGNMENT_BYTES`, of any content. */
export type AlignedMemory = Uint8Array<ArrayBuffer>;

const spares: AlignedMemory[] = [];
let spareBytes = 0;

/** The smallest multiple of the alignment that is not below. */
export function alignUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** The largest multiple of the alignment that is not above. */
export function alignDown(bytes: number): number {
  return Math.floor(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** Memory of exactly that size, a multiple of the alignment; what was given back is used again. */
export function takeAligned(byteLength: number): AlignedMemory {
  const index = spares.findLastIndex((spare) => spare.length === byteLength);
  if (index < 0) return allocateAligned(byteLength);
  spareBytes -= byteLength;
  return spares.splice(index, 1)[0] ?? allocateAligned(byteLength);
}

/** Gives memory back that nothing refers to any more, a write of the system included. */
export function giveBackAligned(memory: AlignedMemory): void {
  spares.push(memory);
  spareBytes += memory.length;
  while (spareBytes > MAX_SPARE_BYTES) spareBytes -= spares.shift()?.length ?? spareBytes;
}

function allocateAligned(byteLength: number): AlignedMemory {
  return knowsAlignment ? allocateBuffer(byteLength, ALIGNMENT_BYTES) : allocateByWasm(byteLength);
}

/** The memory of WebAssembly begins at a page of the system, on every platform and every version of Node. */
export function allocateByWasm(byteLength: number): AlignedMemory {
  const pages = Math.ceil(byteLength / WASM_PAGE_BYTES);
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer, 0, byteLength);
}

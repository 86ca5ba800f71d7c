import xxhash, { type XXHash } from 'xxhash-wasm';

let loading: ReturnType<typeof xxhash> | undefined;

/** A running XXH64 (seed 0) of a file, as docs/PROTOCOL.md §9 wants it. */
export async function createFileHash(): Promise<XXHash<bigint>> {
  loading ??= xxhash();
  return (await loading).create64();
}

/** 16 lower-case hexadecimal digits. */
export function hashText(hash: XXHash<bigint>): string {
  return hash.digest().toString(16).padStart(16, '0');
}

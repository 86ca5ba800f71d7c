/** What a hash in hexadecimal digits is called: the two that there are differ in length. */
export function hashName(hash: string): 'xxh64' | 'sha256' {
  return hash.length === 64 ? 'sha256' : 'xxh64';
}

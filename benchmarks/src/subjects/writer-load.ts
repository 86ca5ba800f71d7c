import type { Load } from '../harness/subject.ts';

/** One file; `count` is of how many buffers. */
export interface WriterLoad extends Load {
  readonly bufferBytes: number;
  /** `cold`: there is no such file. `warm`: there is, with all its blocks, and it is overwritten. */
  readonly state: 'cold' | 'warm';
}

export function totalBytes({ bufferBytes, count }: WriterLoad): number {
  return bufferBytes * count;
}

import { Worker } from 'node:worker_threads';
import type { CpuSample, CpuSourceName } from '../src/index.ts';

export interface LoadTask {
  /** 0 to 1. */
  readonly share: number;
  readonly windowMs: number;
}

export type LoadReport =
  | { readonly kind: 'begun'; readonly threadPath: string; readonly source: CpuSourceName }
  | { readonly kind: 'sample'; readonly sample: CpuSample; readonly kernelCpuMs: number };

/** A worker that is busy for a share of the time. */
export function startLoad(task: LoadTask): Worker {
  return new Worker(new URL('load-worker.ts', import.meta.url), { workerData: task });
}

import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Metrics } from '../harness/metrics.ts';
import type { Subject } from '../harness/subject.ts';
import type { CpuLoad } from './cpu-load.ts';
import { serveNothing } from './no-server.ts';

/** From source it is TypeScript, as this file is; built it is not. */
const THREAD_URL = new URL(`./busy-thread${extname(import.meta.url)}`, import.meta.url);

/** @param measure looks at a thread that is busy, of which it has the folder below `/proc` too, for so many milliseconds */
export function createCpuMonitor(
  measure: (thread: Worker, threadPath: string, durationMs: number) => Promise<Metrics>,
): Subject<CpuLoad> {
  return {
    serve: serveNothing,
    async drive({ share }) {
      const thread = new Worker(THREAD_URL, { workerData: share });
      const [threadPath] = (await once(thread, 'message')) as [string];
      return {
        run: ({ count }) => measure(thread, threadPath, count),
        close: async () => {
          await thread.terminate();
        },
      };
    },
  };
}

// Takes tokens of a shared rate as fast as it can, and tells how many it has taken.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedRate, TokenBucket } from '../src/index.ts';

const { memory, thread, times } = workerData as { memory: SharedArrayBuffer; thread: number; times: number };
const bucket = SharedRate.of(memory).bucketOf(thread);
const session = new TokenBucket({ bytesPerSecond: Infinity, parent: bucket });
let spent = 0;
for (let count = 0; count < times; count += 1) {
  const bytes = (count % 7) + thread;
  session.spend(bytes, 0);
  spent += bytes;
}
parentPort?.postMessage(spent);

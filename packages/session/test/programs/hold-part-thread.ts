// A thread that takes the claim on a file, says so, and holds it until it ends.
import { parentPort, workerData } from 'node:worker_threads';
import { PartClaim } from '../../src/io/files/part-claim.ts';

const claim = await PartClaim.take(workerData as string, 'the name', { sizeBytes: 1_000, modifiedMs: 5 });
await claim.advance(0);
parentPort?.on('message', () => undefined);
parentPort?.postMessage('held');

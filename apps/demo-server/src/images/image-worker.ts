// A thread of its own for one image, so that the sessions are not held up.
import { parentPort, workerData } from 'node:worker_threads';
import { examineImage, type ImageTask } from './examine-image.ts';

const findings = examineImage(workerData as ImageTask);
parentPort!.postMessage(findings, findings.png ? [findings.png.buffer] : []);

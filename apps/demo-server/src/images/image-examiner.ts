import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ImageFindings, ImageTask } from './examine-image.ts';

const WORKER_URL = new URL(`./image-worker${extname(import.meta.url)}`, import.meta.url);
/** As long as files may go on. */
const END_MS = 3_000;

/** Has images examined on another thread: one after the other, whoever they are from, so that their memory is that of one. */
export class ImageExaminer {
  #last: Promise<unknown> = Promise.resolve();
  #worker: Worker | undefined;
  #isClosed = false;

  /** The image's memory is the examiner's from now on. Rejects with what went wrong. */
  examine(task: ImageTask): Promise<ImageFindings> {
    const findings = this.#last.then(() => this.#examineNow(task));
    this.#last = findings.catch(() => undefined);
    return findings;
  }

  /** Lets the one that is examined be done within three seconds; those that wait are not begun. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const timer = setTimeout(() => void this.#worker?.terminate(), END_MS);
    await this.#last;
    clearTimeout(timer);
  }

  async #examineNow(task: ImageTask): Promise<ImageFindings> {
    if (this.#isClosed) throw stopped();
    const { buffer } = task.image.data;
    // Shared memory is not handed over, it is there already.
    const transferList = buffer instanceof ArrayBuffer ? [buffer] : [];
    const worker = new Worker(WORKER_URL, { workerData: task, transferList, name: 'image' });
    this.#worker = worker;
    try {
      return await new Promise<ImageFindings>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => {
          reject(this.#isClosed ? stopped() : new Error('the thread that examined the image has ended early'));
        });
      });
    } finally {
      this.#worker = undefined;
    }
  }
}

function stopped(): Error {
  return new Error('the server stops');
}

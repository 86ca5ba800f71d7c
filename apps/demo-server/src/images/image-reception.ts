import { type ArrayDescription, type ArrayProgress, type LargeArray, LargeArrayTransfer } from '@tcpcomm/large-array';
import { ReplyError } from '@tcpcomm/protocol';
import type { ServerSession } from '@tcpcomm/server';
import { IMAGE_CHANNEL, imageOf, MAX_IMAGE_BYTES } from './image.ts';
import type { ImageExaminer } from './image-examiner.ts';
import { imageFileName, writeImageFile } from './image-file.ts';
import type { ImageOutcome } from './image-outcome.ts';

/** Of so many it is known what became of them, for clients that ask. */
const MAX_KEPT_OUTCOMES = 16;

/** Where images are kept as files. */
export interface ImageFolder {
  readonly path: string;
  /** Whether clients can fetch files from it. */
  readonly isOffered: boolean;
}

/** Is told of the images of a session. An array is known by its number. */
export interface ImageObserver {
  imageMoves(progress: ArrayProgress, session: ServerSession): void;
  imageKept(id: number, outcome: ImageOutcome, session: ServerSession): void;
  /** An array did not come, is no image, or could not be written. */
  imageFailed(error: Error, array: ArrayDescription | undefined, session: ServerSession): void;
}

/** Takes the arrays of a session, one after the other, and keeps those that are images: the sender of the next one waits meanwhile. */
export class ImageReception {
  readonly #session: ServerSession;
  readonly #examiner: ImageExaminer;
  readonly #folder: ImageFolder | undefined;
  readonly #observer: ImageObserver;
  readonly #outcomes = new Map<number, Promise<ImageOutcome>>();
  /** When the first piece came, of those on their way. */
  readonly #begunMs = new Map<number, number>();

  constructor(
    session: ServerSession,
    examiner: ImageExaminer,
    folder: ImageFolder | undefined,
    observer: ImageObserver,
  ) {
    this.#session = session;
    this.#examiner = examiner;
    this.#folder = folder;
    this.#observer = observer;
    void this.#receive();
  }

  /** What became of the array of this number, as soon as that is known. @throws ReplyError */
  async outcomeOf(id: number): Promise<ImageOutcome> {
    const outcome = this.#outcomes.get(id);
    if (outcome === undefined) throw new ReplyError(`no array ${id} has come`, 'NO_SUCH_IMAGE');
    return outcome;
  }

  async #receive(): Promise<void> {
    const arrays = new LargeArrayTransfer(this.#session, {
      channel: IMAGE_CHANNEL,
      maxBytes: MAX_IMAGE_BYTES,
      onProgress: (progress) => {
        if (!this.#begunMs.has(progress.id)) this.#begunMs.set(progress.id, performance.now());
        this.#observer.imageMoves(progress, this.#session);
      },
      onFailure: (error, description) => {
        if (description) this.#begunMs.delete(description.id);
        this.#observer.imageFailed(error, description, this.#session);
      },
    });
    for await (const array of arrays) {
      const description = arrays.descriptionOf(array)!;
      const outcome = this.#keep(array, description);
      this.#remember(description.id, outcome);
      try {
        this.#observer.imageKept(description.id, await outcome, this.#session);
      } catch (error) {
        this.#observer.imageFailed(causeOf(error as Error), description, this.#session);
      }
    }
  }

  async #keep(array: LargeArray, description: ArrayDescription): Promise<ImageOutcome> {
    const { id, label } = description;
    const arrivedMs = performance.now();
    const receivedMs = arrivedMs - (this.#begunMs.get(id) ?? arrivedMs);
    this.#begunMs.delete(id);
    const image = imageOf(array, description);
    const { width, height, colours } = image;
    const bytes = description.byteLength;
    const folder = this.#folder;
    try {
      const { statistics, sha256, png } = await this.#examiner.examine({ image, wantsPng: folder !== undefined });
      const name = imageFileName(this.#session.machineId, label);
      return {
        ...(label !== undefined && { label }),
        width,
        height,
        bytes,
        sha256,
        colours: statistics.map((facts, at) => ({ name: colours[at]!, ...facts })),
        ...(folder &&
          png && {
            png: {
              name: await writeImageFile(folder.path, name, png),
              bytes: png.length,
              isOffered: folder.isOffered,
            },
          }),
        receivedMs,
        examinedMs: performance.now() - arrivedMs,
      };
    } catch (error) {
      // Where files are here is nothing for clients.
      const why = (error as NodeJS.ErrnoException).code ?? 'it could not be looked at';
      throw new ReplyError(`the image was not kept: ${why}`, 'NOT_KEPT', { cause: error });
    }
  }

  #remember(id: number, outcome: Promise<ImageOutcome>): void {
    this.#outcomes.set(id, outcome);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > MAX_KEPT_OUTCOMES) this.#outcomes.delete(oldest!);
  }
}

/** What clients are told leaves something out. */
function causeOf(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error;
}

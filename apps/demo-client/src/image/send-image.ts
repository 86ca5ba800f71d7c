import { createHash } from 'node:crypto';
import type { TcpCommClient } from '@tcpcomm/client';
import { IMAGE_CHANNEL, type ImageOutcome } from '@tcpcomm/demo-server';
import { type ArrayProgress, LargeArrayTransfer } from '@tcpcomm/large-array';
import { askImage } from '../questions/server-questions.ts';
import { JULIA_CHANNELS } from './julia-picture.ts';

/** A large image is looked at for some seconds, after those that others have sent. */
const OUTCOME_TIMEOUT_MS = 300_000;

export interface ImageToSend {
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export interface SentImage {
  /** What the server says of it. */
  readonly outcome: ImageOutcome;
  /** From the beginning until the server had all of it. */
  readonly elapsedMs: number;
  /** Of what was sent. */
  readonly sha256: string;
}

/**
 * Sends an image as an array, and asks the server what became of it. The end of the session ends that.
 *
 * @throws what `send` of an array and `request` of a session do
 */
export async function sendImage(
  client: TcpCommClient,
  { label, width, height, pixels }: ImageToSend,
  onProgress: (progress: ArrayProgress) => void,
): Promise<SentImage> {
  // Nothing is expected from the server.
  using arrays = new LargeArrayTransfer(client, { channel: IMAGE_CHANNEL, maxArrays: 0 });
  const startMs = performance.now();
  let id = 0;
  await arrays.send(pixels, {
    shape: [height, width, JULIA_CHANNELS],
    label,
    onProgress: (progress) => {
      ({ id } = progress);
      onProgress(progress);
    },
  });
  const elapsedMs = performance.now() - startMs;
  const outcome = await askImage(client, id, { timeoutMs: OUTCOME_TIMEOUT_MS });
  return { outcome, elapsedMs, sha256: createHash('sha256').update(pixels).digest('hex') };
}

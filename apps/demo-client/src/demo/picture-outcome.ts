import { ImageOutcome } from '@tcpcomm/demo-server';
import * as v from 'valibot';
import type { PlannedPicture } from './demo-plan.ts';
import type { ProcessEvent } from './json-process.ts';

/** What became of a picture: what each end says of it. */
export interface PictureOutcome {
  readonly picture: PlannedPicture;
  readonly elapsedMs: number;
  /** Of its bytes, as they were sent. */
  readonly sentSha256: string;
  /** What the server found; undefined where it did not come, or was not kept. */
  readonly found: ImageOutcome | undefined;
}

/**
 * @param atClient the client's event for the picture that it has sent
 * @param atServer the server's
 */
export function examinePicture(
  picture: PlannedPicture,
  atClient: ProcessEvent | undefined,
  atServer: ProcessEvent | undefined,
): PictureOutcome {
  const found = v.safeParse(ImageOutcome, atServer);
  return {
    picture,
    elapsedMs: Number(atClient?.elapsedMs),
    sentSha256: String(atClient?.sha256),
    found: found.success ? found.output : undefined,
  };
}

export function isPictureIntact({ sentSha256, found }: PictureOutcome): boolean {
  return found?.sha256 === sentSha256;
}

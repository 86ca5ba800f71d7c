import { hash } from 'node:crypto';
import { encode } from 'fast-png';
import type { Image } from './image.ts';
import { type ColourStatistics, statisticsOf } from './image-statistics.ts';

export interface ImageTask {
  readonly image: Image;
  /** Whether somebody wants the PNG. */
  readonly wantsPng: boolean;
}

/** What an image is found to be. */
export interface ImageFindings {
  readonly statistics: readonly ColourStatistics[];
  /** Of the bytes as they came. */
  readonly sha256: string;
  readonly png: Uint8Array<ArrayBuffer> | undefined;
}

/** Looks at every byte of an image, which takes seconds for a large one. @throws RangeError for data of another size than the image's */
export function examineImage({ image, wantsPng }: ImageTask): ImageFindings {
  const { width, height, colours, data } = image;
  const channels = colours.length;
  return {
    statistics: statisticsOf(data, channels),
    sha256: hash('sha256', data),
    png: wantsPng ? (encode({ width, height, data, channels, depth: 8 }) as Uint8Array<ArrayBuffer>) : undefined,
  };
}

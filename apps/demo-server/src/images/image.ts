import type { ArrayDescription, LargeArray } from '@tcpcomm/large-array';
import { ReplyError } from '@tcpcomm/protocol';

/** On which images travel as arrays. */
export const IMAGE_CHANNEL = 100;
/** The largest array that the server takes. Of each client it may hold two: the one that it looks at, and the next. */
export const MAX_IMAGE_BYTES = 268_435_456;

/** What the elements of a pixel are, by how many it has. */
const COLOURS: Readonly<Record<number, readonly string[]>> = {
  1: ['grey'],
  3: ['red', 'green', 'blue'],
  4: ['red', 'green', 'blue', 'alpha'],
};

/** An array that is an image: a byte for each colour of each pixel, row by row. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly colours: readonly string[];
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * An array as the image that it is to be: of the shape [height, width, 1, 3 or 4], of bytes.
 *
 * @throws ReplyError `NOT_AN_IMAGE` for any other
 */
export function imageOf(array: LargeArray, { type, shape = [] }: Pick<ArrayDescription, 'type' | 'shape'>): Image {
  const [height = 0, width = 0, channels = 0] = shape;
  const colours = COLOURS[channels];
  const isBytes = array instanceof Uint8Array || array instanceof Uint8ClampedArray;
  if (!isBytes || shape.length !== 3 || height === 0 || width === 0 || colours === undefined) {
    const what = `a ${type} of the shape [${shape.join(', ')}]`;
    throw new ReplyError(
      `expected an image, a Uint8Array or Uint8ClampedArray of the shape [height, width, 1, 3 or 4], got ${what}`,
      'NOT_AN_IMAGE',
    );
  }
  return { width, height, colours, data: array };
}

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

export const PART_SUFFIX = '.part';
export const JOURNAL_SUFFIX = '.journal';
/** The longest name that file systems take, NAME_MAX of Linux. */
const MAX_NAME_BYTES = 255;
const DIGEST_DIGITS = 16;

/** Where a file is while it is being received. */
export interface PartPaths {
  /** Where it will be when it is whole. */
  readonly target: string;
  readonly part: string;
  readonly journal: string;
}

/** `NAME.part` and `NAME.part.journal` beside the target; a name that leaves no room for that is shortened, and made unique. */
export function partPathsOf(target: string): PartPaths {
  const name = basename(target);
  const suffixes = PART_SUFFIX + JOURNAL_SUFFIX;
  const isShort = Buffer.byteLength(name) + suffixes.length <= MAX_NAME_BYTES;
  const part = join(dirname(target), (isShort ? name : shortened(name, suffixes.length)) + PART_SUFFIX);
  return { target, part, journal: part + JOURNAL_SUFFIX };
}

function shortened(name: string, suffixBytes: number): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_DIGITS);
  const keptBytes = MAX_NAME_BYTES - suffixBytes - DIGEST_DIGITS - 1;
  // A character that is cut in two becomes a replacement, which may be longer than what was left of it.
  const kept = new TextDecoder().decode(Buffer.from(name).subarray(0, keptBytes - 2)).replaceAll('\u{FFFD}', '');
  return `${kept}~${digest}`;
}

import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const byte = v.pipe(v.number(), v.minValue(0), v.maxValue(255));

/** What became of an image. It is also what a client is told that asks. */
export const ImageOutcome = v.object({
  label: v.optional(v.string()),
  width: count,
  height: count,
  bytes: count,
  /** Of the array's bytes, as they came. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  colours: v.array(v.object({ name: v.string(), least: byte, most: byte, mean: byte })),
  /** Where it is kept as a PNG, if it is. */
  png: v.optional(
    v.object({
      name: v.string(),
      bytes: count,
      /** Whether clients can fetch it by that name. */
      isOffered: v.boolean(),
    }),
  ),
  /** From the first piece to the last. */
  receivedMs: v.number(),
  /** From the last piece until all this was known. */
  examinedMs: v.number(),
});
export type ImageOutcome = v.InferOutput<typeof ImageOutcome>;

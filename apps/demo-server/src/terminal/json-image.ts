import type { ImageOutcome } from '../images/image-outcome.ts';

/** What there is to say of an image that was kept, without digits that mean nothing. */
export function imageFacts({ colours, receivedMs, examinedMs, ...facts }: ImageOutcome): Record<string, unknown> {
  return {
    ...facts,
    colours: colours.map(({ mean, ...colour }) => ({ ...colour, mean: Number(mean.toFixed(3)) })),
    receivedMs: Math.round(receivedMs),
    examinedMs: Math.round(examinedMs),
  };
}

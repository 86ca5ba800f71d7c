/** What there is to say of one colour of an image. */
export interface ColourStatistics {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
}

/** Of each colour, the bytes of a pixel being one after the other. */
export function statisticsOf(data: Uint8Array | Uint8ClampedArray, channels: number): ColourStatistics[] {
  return Array.from({ length: channels }, (_, channel) => {
    let least = 255;
    let most = 0;
    let sum = 0;
    // Asked once: of memory that has grown, each asking costs.
    const { length } = data;
    for (let at = channel; at < length; at += channels) {
      const value = data[at]!;
      if (value < least) least = value;
      if (value > most) most = value;
      sum += value;
    }
    return { least, most, mean: sum / (length / channels) };
  });
}

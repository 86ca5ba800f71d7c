const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** How a rate is written, for help texts and errors. */
export const BYTE_RATE_FORMS = 'bytes a second such as 500000, 500k, 9M, 1.5G, or unlimited';

/** Reads a rate as people write it, with suffixes in powers of 1,000; Infinity for `unlimited`, undefined for what is no rate. */
export function parseByteRate(text: string): number | undefined {
  if (text.toLowerCase() === 'unlimited') return Infinity;
  const match = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(text);
  if (match === null) return undefined;
  const bytesPerSecond = Math.round(Number(match[1]) * FACTORS[match[2]!.toLowerCase()]!);
  return bytesPerSecond >= 1 && Number.isSafeInteger(bytesPerSecond) ? bytesPerSecond : undefined;
}

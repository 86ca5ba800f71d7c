/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have no median');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}

/**
 * The smallest value that at least so many percent of all values do not exceed (nearest rank).
 *
 * @param percent above 0, at most 100
 */
export function percentile(values: Float64Array | readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('no values have no percentiles');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1]!;
}

/** What is to be added to `performance.now()`, which each thread counts from its own beginning, for a time that is the same on all of them. */
export function clockOffsetMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

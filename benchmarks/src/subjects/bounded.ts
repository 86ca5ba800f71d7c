import { MAX_UNDER_WAY } from './sessions-load.ts';

/** Does a task so many times, a bounded number of them at once. Rejects as soon as one of them does. */
export async function bounded(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let begun = 0;
  const work = async (): Promise<void> => {
    for (; begun < count;) await task(begun++);
  };
  await Promise.all(Array.from({ length: Math.min(count, MAX_UNDER_WAY) }, work));
}

import { checkForLeaks } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import type { ImageTask } from '../src/images/examine-image.ts';
import { ImageExaminer } from '../src/images/image-examiner.ts';

checkForLeaks();

function task(data: Uint8Array, width = data.length): ImageTask {
  return { image: { width, height: 1, colours: ['grey'], data }, wantsPng: true };
}

it('images are examined on another thread, which has their memory then; shared memory stays', async () => {
  const examiner = new ImageExaminer();
  const own = Uint8Array.of(1, 2, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(9);
  const [first, second] = await Promise.all([examiner.examine(task(own)), examiner.examine(task(shared))]);
  expect(first.statistics).toEqual([{ least: 1, most: 3, mean: 2 }]);
  expect(second.statistics).toEqual([{ least: 9, most: 9, mean: 9 }]);
  expect([own.length, shared.length]).toEqual([0, 2]);
  await examiner.close();
});

it('they take turns, whoever sends them', async () => {
  const examiner = new ImageExaminer();
  const done: number[] = [];
  const sizes = [500_000, 1, 2];
  await Promise.all(
    sizes.map(async (size) => {
      await examiner.examine(task(new Uint8Array(size)));
      done.push(size);
    }),
  );
  expect(done).toEqual(sizes);
  await examiner.close();
});

it('one that cannot be examined does not hold up the next', async () => {
  const examiner = new ImageExaminer();
  const [bad, good] = await Promise.allSettled([
    examiner.examine(task(new Uint8Array(3), 4)),
    examiner.examine(task(new Uint8Array(3))),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'RangeError' } });
  expect(good.status).toBe('fulfilled');
  await examiner.close();
});

it('at the end the one that is examined is done, and those that wait are not begun', async () => {
  const examiner = new ImageExaminer();
  const both = Promise.allSettled([
    examiner.examine(task(new Uint8Array(100))),
    examiner.examine(task(new Uint8Array(100))),
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  await examiner.close();
  expect(await both).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: new Error('the server stops') },
  ]);
  await expect(examiner.examine(task(new Uint8Array(1)))).rejects.toThrow('the server stops');
});

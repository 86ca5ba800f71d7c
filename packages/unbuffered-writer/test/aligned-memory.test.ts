import { constants, open } from 'node:fs/promises';
import { createTemporaryFolder, testBytes } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { alignDown, alignUp, allocateByWasm, giveBackAligned, takeAligned } from '../src/aligned-memory.ts';

const MAX_SPARE_BYTES = 67_108_864;

it.each([
  [0, 0, 0],
  [1, 0, 4096],
  [4095, 0, 4096],
  [4096, 4096, 4096],
  [4097, 4096, 8192],
])('%i lies between %i and %i', (bytes, down, up) => {
  expect([alignDown(bytes), alignUp(bytes)]).toEqual([down, up]);
});

// The alignment itself cannot be seen from here; a file that is written directly from it proves it.
it.skipIf(process.platform !== 'linux').each([
  ['the way of this version of Node', takeAligned],
  ['WebAssembly', allocateByWasm],
])('memory taken %s may be written from directly', async (_how, allocate) => {
  await using folder = createTemporaryFolder();
  const memory = allocate(12_288);
  memory.set(testBytes(12_288));
  const file = await open(folder.join('file'), constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT);
  try {
    expect((await file.write(memory, 0, memory.length, 0)).bytesWritten).toBe(12_288);
    memory.fill(0);
    expect((await file.read(memory, 0, memory.length, 0)).bytesRead).toBe(12_288);
    expect(Buffer.compare(memory, testBytes(12_288))).toBe(0);
  } finally {
    await file.close();
  }
});

it('memory that was given back is used again, for the same size only, and 64 MiB of it are kept', () => {
  const first = takeAligned(8_192);
  giveBackAligned(first);
  expect(takeAligned(4_096)).not.toBe(first);
  expect(takeAligned(8_192)).toBe(first);
  expect(takeAligned(8_192)).not.toBe(first);
  const large = Array.from({ length: 3 }, () => takeAligned(MAX_SPARE_BYTES / 2));
  for (const memory of large) giveBackAligned(memory);
  const again = large.map(() => takeAligned(MAX_SPARE_BYTES / 2));
  expect(again.filter((memory) => large.includes(memory))).toHaveLength(2);
});

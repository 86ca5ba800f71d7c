import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageFileName, writeImageFile } from '../src/images/image-file.ts';

const png = Uint8Array.of(1, 2, 3);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tcpcomm-images-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the name of an image', () => {
  it.each([
    ['anna', 'sea horse', 'anna-sea horse'],
    ['anna', undefined, 'anna-image'],
    ['', '', 'somebody-image'],
    [' ', ' ', 'somebody-image'],
    ['host.local', 'a.b', 'host_local-a_b'],
    ['..', '../../etc/passwd', '_-_etc_passwd'],
    ['C:\\', 'x\0y\nz', 'C_-x_y_z'],
    ['größe', '日本語 🌊', 'größe-日本語 _'],
    ['\ud800', 'half', '_-half'],
  ])('of %j, %j is %j', (machineId, label, name) => {
    expect(imageFileName(machineId, label)).toBe(name);
  });

  it('is short enough for a file system, and ends with a whole character', () => {
    expect(imageFileName('x'.repeat(256), '日'.repeat(1_024))).toBe(`${'x'.repeat(100)}-${'日'.repeat(33)}`);
  });

  it('leads nowhere, whatever a client says', () => {
    // Half characters too.
    const unit = fc.oneof(fc.constantFrom('.', '/', '\\', ':'), fc.integer({ max: 0xffff, min: 0 }).map(fromUnit));
    const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, text, (machineId, label) => {
        const name = imageFileName(machineId, label);
        expect(name).toMatch(/^[^/\\:.\p{C}]+$/u);
        expect(resolve(folder, `${name}.png`)).toBe(join(folder, `${name}.png`));
      }),
    );
  });
});

it('a file that is there is not written over', async () => {
  await writeFile(join(folder, 'x.png'), 'mine');
  expect(await writeImageFile(folder, 'x', png)).toBe('x (1).png');
  expect(await writeImageFile(folder, 'x', png)).toBe('x (2).png');
  expect(await readFile(join(folder, 'x.png'), 'utf8')).toBe('mine');
  expect(await readFile(join(folder, 'x (2).png'))).toEqual(Buffer.from(png));
});

it('a link that is there is not followed, also one to nothing', async () => {
  const inside = join(folder, 'inside');
  await mkdir(inside);
  await symlink(join(folder, 'outside.png'), join(inside, 'x.png'));
  expect(await writeImageFile(inside, 'x', png)).toBe('x (1).png');
  expect(await readdir(folder)).toEqual(['inside']);
});

it('a folder that is gone is told of', async () => {
  await expect(writeImageFile(join(folder, 'gone'), 'x', png)).rejects.toMatchObject({ code: 'ENOENT' });
});

function fromUnit(unit: number): string {
  return String.fromCharCode(unit);
}

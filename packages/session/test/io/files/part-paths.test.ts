import { basename, dirname } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partPathsOf } from '../../../src/io/files/part-paths.ts';

const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 255 })
  .map((text) => text.replaceAll(/[/\0]/g, '_').toWellFormed())
  .filter((text) => Buffer.byteLength(text) <= 255 && text !== '.' && text !== '..');

it('a part and its journal are beside the file, under names that a file system takes', () => {
  fc.assert(
    fc.property(name, (text) => {
      const { target, part, journal } = partPathsOf(`/folder/${text}`);
      for (const path of [part, journal]) {
        expect(dirname(path)).toBe('/folder');
        expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255);
      }
      expect(new Set([target, part, journal]).size).toBe(3);
      expect(part.endsWith('.part')).toBe(true);
    }),
  );
});

it('short names are kept, long ones are told apart', () => {
  expect(partPathsOf('/folder/name')).toMatchObject({
    part: '/folder/name.part',
    journal: '/folder/name.part.journal',
  });
  const long = 'é'.repeat(125);
  const [one, other] = [`${long}a`, `${long}b`].map((text) => partPathsOf(`/folder/${text}`).part);
  expect(one).not.toBe(other);
});

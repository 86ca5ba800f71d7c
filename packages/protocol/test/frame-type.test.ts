import { expect, it } from 'vitest';
import { frameTypeName, FrameType, isKnownFrameType, isSkippableFrameType } from '../src/index.ts';

const everyType = Array.from({ length: 256 }, (_, type) => type);

it('exactly the types of the table are known', () => {
  expect(everyType.filter((type) => isKnownFrameType(type))).toEqual(Object.values(FrameType).sort((a, b) => a - b));
});

it('exactly the types with the high bit are skipped when they are unknown, and none of them is known', () => {
  expect(everyType.filter((type) => isSkippableFrameType(type))).toEqual(everyType.slice(0x80));
  expect(everyType.slice(0x80).filter((type) => isKnownFrameType(type))).toEqual([]);
});

it('a type is called by its name, or by its number where it has none', () => {
  expect(frameTypeName(0x14)).toBe('GOAWAY');
  expect(frameTypeName(0x00)).toBe('0x00');
  expect(frameTypeName(0xff)).toBe('0xff');
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeText } from '../src/text.ts';

it('a text is the same bytes as TextEncoder makes of it, half a surrogate pair too', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a\ud83d', '\ude80z', 'ü'.repeat(5_000)));
  fc.assert(
    fc.property(text, (one) => {
      expect(encodeText(one)).toEqual(new TextEncoder().encode(one));
    }),
  );
});

it('a text stays as it is while others are encoded', () => {
  const texts = Array.from({ length: 2_000 }, (_, index) => `text ${index}`);
  const encoded = texts.map(encodeText);
  expect(encoded.map((bytes) => new TextDecoder().decode(bytes))).toEqual(texts);
});

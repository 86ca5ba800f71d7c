import { describe, expect, it } from 'vitest';
import { SessionKey } from '../src/session-key.ts';

/** A key, and what travels of it. */
function newKey(): { readonly key: SessionKey; readonly text: string } {
  const key = new SessionKey();
  return { key, text: key.text };
}

/** The client comes with a key that is valid; returns the one that it is given for the next time. */
function renewed(key: SessionKey, presented: string): string {
  expect(key.matches(presented)).toBe(true);
  key.renew(presented);
  return key.text;
}

describe('a session key', () => {
  it('is a text of 244 random bits, another one each time', () => {
    const texts = Array.from({ length: 1000 }, () => new SessionKey().text);
    for (const text of texts) expect(text).toMatch(/^[\da-f-]{36}\.[\da-f-]{36}$/);
    expect(new Set(texts).size).toBe(1000);
  });

  it('is known again', () => {
    const { key, text } = newKey();
    expect([key.matches(text), key.matches(text), key.text]).toEqual([true, true, text]);
  });

  it.each([
    ['nothing', () => ''],
    ['another key', () => new SessionKey().text],
    ['a part of it', (text: string) => text.slice(0, -1)],
    ['more than it', (text: string) => `${text}A`],
    ['it twice', (text: string) => text + text],
    ['its first character changed', (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)],
    ['its last character changed', (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'E' : 'A')],
    ['in other case', (text: string) => (text === text.toLowerCase() ? 'AAAA' : text.toLowerCase())],
    ['zeros', () => 'A'.repeat(32)],
    ['what is no base64', () => '\u0000'.repeat(128)],
    ['a text of other characters that has as many', () => '€'.repeat(32)],
  ])('is not %s', (_what, change) => {
    const { key, text } = newKey();
    expect(key.matches(change(text))).toBe(false);
  });

  it('that was just used is valid beside the new one, until the new one is confirmed', () => {
    const { key, text: first } = newKey();
    const second = renewed(key, first);
    expect(second).not.toBe(first);
    expect([key.matches(first), key.matches(second)]).toEqual([true, true]);
    key.confirm();
    expect([key.matches(first), key.matches(second)]).toEqual([false, true]);
  });

  it('stays valid however often the new one is lost; those that were lost do not', () => {
    const { key, text: first } = newKey();
    const lost = Array.from({ length: 5 }, () => renewed(key, first));
    expect(key.matches(first)).toBe(true);
    expect(lost.map((text) => key.matches(text))).toEqual([false, false, false, false, true]);
    key.confirm();
    expect([first, ...lost].map((text) => key.matches(text))).toEqual([false, false, false, false, false, true]);
  });

  it('is not valid any more when its successor is used, though nothing was confirmed', () => {
    const { key, text: first } = newKey();
    const second = renewed(key, first);
    const third = renewed(key, second);
    expect([first, second, third].map((text) => key.matches(text))).toEqual([false, true, true]);
  });

  it('may be confirmed as often as one likes', () => {
    const { key, text } = newKey();
    key.confirm();
    expect(key.matches(text)).toBe(true);
    const next = renewed(key, text);
    key.confirm();
    key.confirm();
    expect([key.matches(text), key.matches(next)]).toEqual([false, true]);
  });
});

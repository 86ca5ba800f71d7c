import { expect, it } from 'vitest';
import { parseChatLine } from '../src/chat/chat-line.ts';

it.each([
  ['hello there', { kind: 'text', text: 'hello there' }],
  ['  indented', { kind: 'text', text: '  indented' }],
  ['//not a command', { kind: 'text', text: '/not a command' }],
  ['', { kind: 'nothing' }],
  ['   ', { kind: 'nothing' }],
  ['/quit', { kind: 'quit' }],
  ['/help', { kind: 'help' }],
  ['/get a.txt', { kind: 'get', remote: 'a.txt', local: '.' }],
  ['/get   "a b.txt"  \'c d\' ', { kind: 'get', remote: 'a b.txt', local: 'c d' }],
  ['/send a.txt', { kind: 'send', local: 'a.txt', remote: undefined }],
  ['/send a.txt sub/', { kind: 'send', local: 'a.txt', remote: 'sub/' }],
  ['/get', { kind: 'mistake', message: 'expected /get REMOTE [LOCAL]' }],
  ['/send a b c', { kind: 'mistake', message: 'expected /send LOCAL [REMOTE]' }],
  ['/get "a b', { kind: 'mistake', message: 'a quote is not closed' }],
  ['/', { kind: 'mistake', message: 'there is no /; /help tells what there is' }],
])('%j', (line, expected) => {
  expect(parseChatLine(line)).toEqual(expected);
});

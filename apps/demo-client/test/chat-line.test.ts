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
  ['/get a.txt', { kind: 'get', remote: 'a.txt', local: undefined, isRecursive: false }],
  ['/get   "a b.txt"  \'c d\' ', { kind: 'get', remote: 'a b.txt', local: 'c d', isRecursive: false }],
  ['/get -r photos', { kind: 'get', remote: 'photos', local: undefined, isRecursive: true }],
  ['/send a.txt', { kind: 'send', local: 'a.txt', remote: undefined, isRecursive: false }],
  ['/send a.txt sub/', { kind: 'send', local: 'a.txt', remote: 'sub/', isRecursive: false }],
  ['/send -r photos sub/', { kind: 'send', local: 'photos', remote: 'sub/', isRecursive: true }],
  ['/ls', { kind: 'ls', path: '', isRecursive: false }],
  ['/ls -r "my notes"', { kind: 'ls', path: 'my notes', isRecursive: true }],
  ['/ls a b', { kind: 'mistake', message: 'expected /ls [-r] [PATH]' }],
  ['/get', { kind: 'mistake', message: 'expected /get [-r] REMOTE [LOCAL]' }],
  ['/get -r', { kind: 'mistake', message: 'expected /get [-r] REMOTE [LOCAL]' }],
  ['/send a b c', { kind: 'mistake', message: 'expected /send [-r] LOCAL [REMOTE]' }],
  ['/get "a b', { kind: 'mistake', message: 'a quote is not closed' }],
  ['/', { kind: 'mistake', message: 'there is no /; /help tells what there is' }],
])('%j', (line, expected) => {
  expect(parseChatLine(line)).toEqual(expected);
});

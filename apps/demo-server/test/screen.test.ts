import { expect, it } from 'vitest';
import { Screen } from '../src/terminal/screen.ts';

function open(stream: { isTTY: boolean; columns?: number; rows?: number }): { screen: Screen; written: string[] } {
  const written: string[] = [];
  const writable = { ...stream, write: (text: string) => written.push(text) };
  return { screen: new Screen(writable), written };
}

it('where there is no terminal, what is printed is plain, and live lines are not shown', () => {
  const { screen, written } = open({ isTTY: false });
  screen.show(['50 %']);
  screen.print(screen.paint('red', 'done'));
  expect(written).toEqual(['done\n']);
});

it.each([
  ['wants colours', true, '\u001b[31mdone\u001b[39m'],
  ['wants none', false, 'done'],
])('on a terminal whose reader %s text is painted accordingly', (_what, hasColors, painted) => {
  const terminal = { isTTY: true, hasColors: () => hasColors, write: () => true };
  expect(new Screen(terminal).paint('red', 'done')).toBe(painted);
});

it('live lines are written over, and what is printed goes above them', () => {
  const { screen, written } = open({ isTTY: true, columns: 80, rows: 24 });
  screen.show(['a 10 %', 'b 20 %']);
  screen.print('news');
  screen.show(['b 30 %']);
  screen.show([]);
  screen.show([]);
  expect(written).toEqual([
    '\r\x1b[Ja 10 %\nb 20 %\n',
    '\r\x1b[2A\x1b[Jnews\na 10 %\nb 20 %\n',
    '\r\x1b[2A\x1b[Jb 30 %\n',
    '\r\x1b[1A\x1b[J',
  ]);
});

it('lines that a narrower window has wrapped are written over whole', () => {
  const stream = { isTTY: true, columns: 80, rows: 24, write: (text: string) => written.push(text) };
  const written: string[] = [];
  const screen = new Screen(stream);
  screen.show(['日本'.repeat(15)]);
  stream.columns = 25;
  screen.show(['short']);
  expect(written.at(-1)).toBe('\r\x1b[3A\x1b[Jshort\n');
});

it('of more live lines than there is room for the first are shown, and how many there are besides', () => {
  const { screen, written } = open({ isTTY: true, columns: 80, rows: 6 });
  screen.show(['1', '2', '3', '4', '5', '6']);
  expect(written).toEqual(['\r\x1b[J1\n2\n3\n… and 3 more\n']);
});

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '..');

it('the example of the README runs and prints what it says', () => {
  const readme = readFileSync(resolve(folder, 'README.md'), 'utf8');
  const code = /```js\n(.*?)```/s.exec(readme)![1]!;
  const promised = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, output]) => output!);
  const flags = ['--conditions=@tcpcomm/source', '--input-type=module'];
  const printed = execFileSync(process.execPath, [...flags, '--eval', code], { cwd: folder, encoding: 'utf8' });
  expect(promised.length).toBeGreaterThan(0);
  expect(printed.trimEnd().split('\n')).toEqual(promised);
});

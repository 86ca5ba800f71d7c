import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The example of a package's README: what its comments promise behind `console.log`, and what it prints. */
export interface ReadmeExample {
  readonly promised: readonly string[];
  readonly printed: readonly string[];
}

/** Runs the JavaScript example of the README in this folder, from source. */
export function runReadmeExample(folder: string): ReadmeExample {
  const code = /```js\n(.*?)```/s.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1] ?? '';
  const promised = Array.from(code.matchAll(/console\.log\(.*\/\/ (.*)$/gm), ([, output]) => output ?? '');
  const flags = ['--conditions=@tcpcomm/source', '--input-type=module'];
  const printed = execFileSync(process.execPath, [...flags, '--eval', code], { cwd: folder, encoding: 'utf8' });
  return { promised, printed: printed.trimEnd().split('\n') };
}

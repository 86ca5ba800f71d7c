import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTemporaryFolder, runProgram } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = new URL('../../../README.md', import.meta.url);

it('the server and the client of the README do what it says', async () => {
  const [server, client] = await exampleCode();
  // Inside the package, so that the examples find the libraries by name.
  await using folder = createTemporaryFolder(packageFolder);
  const port = String(await findFreePort());
  const program = folder.join('example.ts');
  await writeFile(program, `${server}\n${client}\nawait server.close();\n`.replaceAll('60000', port));
  await mkdir(folder.join('shared'));
  const film = Buffer.alloc(3_000_000, 'waves ');
  await writeFile(folder.join('shared', 'holiday.mp4'), film);

  const wrapper = ['sh', '-c', 'cd "$0" && exec "$@"', folder.path];
  const { status, stdout, stderr } = await runProgram(program, { wrapper });

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('desk-7 is session 1');
  expect(stdout).toContain('7 31 bytes, thank you');
  expect(stdout).toContain('13 letters');
  expect(sha256(await readFile(folder.join('holiday.mp4')))).toBe(sha256(film));
});

async function exampleCode(): Promise<[string, string]> {
  const blocks = (await readFile(readme, 'utf8')).matchAll(/^```ts\n(.*?)^```/gms);
  const [server, client] = Array.from(blocks, ([, code]) => code);
  if (server === undefined || client === undefined) throw new Error('expected two blocks of code in the README');
  return [server, client];
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

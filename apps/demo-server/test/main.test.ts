import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(import.meta.resolve('@tcpcomm/demo-server/main'));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...process.execArgv, script, ...args], (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

it('a wrong command line ends it with status 2', async () => {
  const { status, stdout, stderr } = await run('--prot', '1');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('Did you mean --port?');
});

it('a root that is no folder is told before it listens', async () => {
  expect(await run('--port', '0', '--root', script)).toEqual({
    status: 1,
    stdout: '',
    stderr: `error: --root must be a folder, something else is at ${script}\n`,
  });
});

it('a folder for images that is none is told before it listens', async () => {
  expect(await run('--port', '0', '--images', `${script}-missing`)).toEqual({
    status: 1,
    stdout: '',
    stderr: `error: --images must be a folder, there is nothing at ${script}-missing\n`,
  });
});

it('a port that is taken: says --port', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = await run('--port', String(port));
  other.close();
  expect(status).toBe(1);
  expect(stderr).toContain(`cannot listen on 127.0.0.1, port ${port}`);
  expect(stderr).toContain('Choose a port with --port, 0 for a free one.');
});

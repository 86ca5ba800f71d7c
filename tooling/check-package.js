// Packs the package in the current folder as it would be published, then asks publint and attw about that tarball.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'tcpcomm-pack-'));

try {
  run('pnpm', 'pack', '--pack-destination', folder);
  const tarball = join(folder, readdirSync(folder)[0]);
  run('publint', 'run', '--strict', tarball);
  // ESM only by decision: require() works from Node 22.12, the oldest that `engines` allows.
  run('attw', '--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color', tarball);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`${command} failed\n${stdout ?? ''}${stderr ?? ''}`);
}

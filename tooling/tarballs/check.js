// Packs every package as it would be published, installs the tarballs into an empty project for each Node.js that we support, and runs a program
// there that moves messages and files over threads.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The oldest that `engines` allows, and the latest of each line. */
const NODE_VERSIONS = ['22.12.0', '22', '24', '26'];
const run = promisify(execFile);
const packagesFolder = new URL('../../packages/', import.meta.url).pathname;
const scratch = await mkdtemp(join(tmpdir(), 'tcpcomm-tarballs-'));

try {
  const dependencies = await packAll();
  for (const version of NODE_VERSIONS) await tryOn(version, dependencies);
} catch (error) {
  console.error(error.stderr || error.message);
  process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** Returns where the tarball of each package is, as dependencies of a project. */
async function packAll() {
  const dependencies = {};
  for (const folder of await readdir(packagesFolder)) {
    const cwd = join(packagesFolder, folder);
    const manifest = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'));
    if (manifest.private) continue;
    const { stdout } = await run('pnpm', ['pack', '--json', '--pack-destination', scratch], { cwd });
    dependencies[manifest.name] = `file:${JSON.parse(stdout).filename}`;
  }
  return dependencies;
}

async function tryOn(version, dependencies) {
  const cwd = join(scratch, `node-${version}`);
  await mkdir(cwd);
  await writeFile(
    join(cwd, 'package.json'),
    JSON.stringify({ type: 'module', dependencies: { ...dependencies, node: version } }),
  );
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
  await cp(new URL('program/', import.meta.url), join(cwd, 'program'), { recursive: true });
  const node = join(cwd, 'node_modules', '.bin', 'node');
  const { stdout } = await run(node, ['program/main.js'], { cwd, timeout: 60_000 });
  const { nodeVersion, threading, ...found } = JSON.parse(stdout);
  const withoutMoving = process.platform === 'linux' ? 'reused-port' : 'calling-thread';
  const expected = movesSockets(nodeVersion) ? 'moved-sockets' : withoutMoving;
  if (threading !== expected)
    throw new Error(`Node.js ${nodeVersion} has its sessions by ${threading}, not ${expected}`);
  console.log(`Node.js ${nodeVersion}: ${threading}, ${JSON.stringify(found)}`);
}

/** Whether sockets go from one thread to another there. */
function movesSockets(nodeVersion) {
  const [major, minor] = nodeVersion.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 21);
}

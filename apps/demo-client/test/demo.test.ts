import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { killPrograms, Program } from './program.ts';

// As long as the demo itself waits: on a machine with other work it takes a while.
vi.setConfig({ testTimeout: 60_000 });

let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'tcpcomm-demo-test-'));
});

afterEach(async () => {
  await killPrograms();
  await rm(temporary, { recursive: true });
});

function startDemo(...args: string[]): Program {
  const env = { TMPDIR: temporary, TMP: temporary, TEMP: temporary };
  const demo = new Program('demo-client/src/demo.ts', args, { env });
  demo.child.stdin.end();
  return demo;
}

async function expectNothingLeft(stdout: string): Promise<void> {
  const pids = [...stdout.matchAll(/^ {2}\w+ +process (\d+),/gm)].map(([, pid]) => Number(pid));
  expect(pids).toHaveLength(3);
  expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('the demo moves files both ways, a folder and pictures, with texts and questions meanwhile, shows that all is intact, and leaves nothing', async () => {
  const { status, stdout, stderr } = await startDemo('--once').finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

  const files = [...stdout.matchAll(/^ {2}✓ (\w+ [←→]) server +(.+?) {2,}(\d.*?B)/gm)].map(([, path, name, size]) => [
    path,
    name,
    size,
  ]);
  expect(files).toEqual([
    ['anna ←', 'harbour film.bin', '24.0 MB'],
    ['anna →', 'survey: north bank.bin', '24.0 MB'],
    ['ben ←', 'größe-日本語-🌊.csv', '20.0 MB'],
    ['ben →', "log: night, ben's (2).bin", '16.0 MB'],
    ['ben →', 'empty', '0 B'],
    ['anna ←', 'sea charts/ 60 files', '1.2 MB'],
  ]);
  for (const [title, count] of [
    ['sha256 at both ends', 6],
    ['xxh64 on the way', 5],
  ] as const) {
    const pairs = [...stdout.matchAll(new RegExp(`${title} +([0-9a-f]{16}…?) = ([0-9a-f]{16}…?)$`, 'gm'))];
    expect(pairs).toHaveLength(count);
    expect(pairs.filter(([, left, right]) => left !== right)).toEqual([]);
    expect(new Set(pairs.map(([, left]) => left)).size).toBe(count);
  }

  const pictures = [...stdout.matchAll(/^ {2}✓ (\w+'s .+?, \d+ x \d+) +(\d.*?B)/gm)].map(([, name, size]) => [
    name,
    size,
  ]);
  expect(pictures).toEqual([
    ["anna's sea horse, 1024 x 768", '2.4 MB'],
    ["ben's sea urchin, 800 x 800", '1.9 MB'],
  ]);
  const arrays = [...stdout.matchAll(/sha256 of the array +([0-9a-f]{16}…) = ([0-9a-f]{16}…)$/gm)];
  expect(new Set(arrays.map(([, sent]) => sent)).size).toBe(2);
  expect(arrays.filter(([, sent, found]) => sent !== found)).toEqual([]);
  expect(stdout.match(/^ +colours +red \d+ to \d+, mean \S+; green .*; blue /gm)).toHaveLength(2);
  expect(stdout).toMatch(/^ +PNG of the server's +anna-sea horse\.png, \S+ kB$/m);

  for (const client of ['anna', 'ben']) {
    const [, pid] = new RegExp(`^ {2}${client} +process (\\d+),`, 'm').exec(stdout)!;
    expect(stdout).toContain(
      `  server asks ${client}: Node.js ${process.version} on ${process.platform}, process ${pid!}\n`,
    );
    expect(stdout).toMatch(
      new RegExp(`^ {2}${client} asks server: Node\\.js .*, process \\d+, 2 threads .* sessions?$`, 'm'),
    );
  }

  const [, during, all] = /^(\d+) texts arrived while files moved, (\d+) in all, none lost$/m.exec(stdout)!;
  expect(Number(during)).toBeGreaterThanOrEqual(6);
  expect(stdout.match(/^ {2}channel +\d+ {2}(?:anna|ben) → (?:anna|ben) {2,}\S.* \(\d+\) {2}\S+ m?s$/gm)).toHaveLength(
    Number(all),
  );
  for (const path of ['anna → ben', 'ben → anna']) {
    for (const channel of [1, 7, 42]) {
      expect(stdout).toMatch(
        new RegExp(`^ {2}channel +${channel} {2}${path} .*\\d texts? {3}median .*, slowest `, 'm'),
      );
    }
  }
  expect(stdout).toMatch(
    /^While files moved: texts \S+ m?s, round trip \S+ m?s \(medians\); files held back by (?:throttle|link|receiver|nothing) \d/m,
  );
  await expectNothingLeft(stdout);
});

it('the demo goes on until Ctrl-C, which it takes for its ordinary end', async () => {
  const demo = startDemo();
  await demo.line((line) => line.includes('go on talking until Ctrl-C'));
  await demo.line((line) => /^ {2}npx --yes pnpm@12 demo:client chat --port \d+ --channel 7$/.test(line));
  demo.child.kill('SIGINT');
  const { status, stdout, stderr } = await demo.finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  await expectNothingLeft(stdout);
});

it('Ctrl-C while files move ends the demo with status 130 and leaves nothing', async () => {
  const demo = startDemo('--once');
  await demo.line((line) => line.includes(' set out'));
  demo.child.kill('SIGINT');
  const { status, stdout } = await demo.finished;
  expect(status).toBe(130);
  expect(stdout).toContain('interrupted');
  await expectNothingLeft(stdout);
});

it('a server that dies fails the demo, which says so and leaves nothing', async () => {
  const demo = startDemo('--once');
  const [, pid] = /process (\d+)/.exec(await demo.line((line) => line.startsWith('  server')))!;
  await demo.line((line) => line.includes(' set out'));
  process.kill(Number(pid), 'SIGKILL');
  const { status, stdout, stderr } = await demo.finished;
  expect(status).toBe(1);
  expect(stderr).toMatch(/demo failed: server ended early, with SIGKILL/);
  await expectNothingLeft(stdout);
});

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import { findProgram } from '../measure/find-program.ts';

/** What the figures were taken on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
  /** Of ours, of the peers from npm, and of the peers that are installed programs. */
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = ['@tcpcomm/server', 'ws', 'socket.io', 'ssh2'];
/** Some tell their version on stderr, and all with more words. */
const VERSION_ARGUMENTS = { nginx: '-v', curl: '--version', rsync: '--version', ssh: '-V', cp: '--version' };
const VERSION_LIMIT_MS = 5000;

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    versions: Object.fromEntries(
      [...PACKAGES.map(packageVersion), ...Object.entries(VERSION_ARGUMENTS).map(programVersion)].flat(),
    ),
  };
}

/** One line for people. */
export function machineText({ cpu, cores, memoryGigabytes, system, node, versions }: Machine): string {
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [cpu, `${cores} cores`, `${memoryGigabytes} GB`, system, `Node.js ${node}`, ...others].join(', ');
}

function packageVersion(name: string): [string, string][] {
  const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return [[name, (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version]];
}

function programVersion([name, argument]: [string, string]): [string, string][] {
  const path = findProgram(name);
  if (path === undefined) return [];
  try {
    const output = execFileSync('/bin/sh', ['-c', '"$0" "$1" 2>&1', path, argument], { timeout: VERSION_LIMIT_MS });
    const version = /\d+(?:\.\d+)+/.exec(output.toString())?.[0];
    return version === undefined ? [] : [[name, version]];
  } catch {
    return []; // it is there, but does not tell
  }
}

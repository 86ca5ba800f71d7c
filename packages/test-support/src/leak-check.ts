import { createHook } from 'node:async_hooks';
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { afterEach, beforeEach, expect } from 'vitest';
import { existingTemporaryFolders } from './temporary-folder.ts';
import { waitUntil } from './wait-until.ts';

/** How long what was closed may take to disappear: less than any timer of the library, or one left behind would run out unseen. */
const SETTLE_MS = 800;
/** What ends by itself within a turn of the event loop, the test runner's own channel, and what is counted here. */
const IGNORED_RESOURCES = new Set([
  'Immediate',
  'TickObject',
  'PipeWrap',
  'TTYWrap',
  'CloseReq',
  'Timeout',
  'MessagePort',
  'Worker',
]);

/** The timers that there are, without those of the test runner, which come and go and would hide ours. */
const timers = new Map<number, NodeJS.Timeout>();
/** What leads to other threads, also what keeps no process alive. */
const threadResources = new Map<number, string>();
const THREAD_RESOURCES = new Set(['MESSAGEPORT', 'WORKER']);
createHook({
  init: (id, type, _trigger, resource) => {
    if (type === 'Timeout' && !isCalledByPackage(new Error().stack)) timers.set(id, resource as NodeJS.Timeout);
    if (THREAD_RESOURCES.has(type)) threadResources.set(id, type);
  },
  destroy: (id) => {
    timers.delete(id);
    threadResources.delete(id);
  },
  trackPromises: false,
}).enable();

interface Stock {
  /** Sockets and requests of the file system that keep this process alive; workers and message ports: how many of each kind. */
  readonly resources: ReadonlyMap<string, number>;
  /** How many timers do. */
  readonly timers: number;
  /** Open descriptors of this process, as `number -> what`; empty where there is no /proc. */
  readonly descriptors: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

export interface LeakCheckOptions {
  /** Whether threads are ended while they work: Node.js does not close the files that they were about to open just then. */
  readonly endsThreads?: boolean;
}

/**
 * Call it first in a test file: after each test it proves that no socket, timer, worker, file descriptor or temporary file is
 * left that was not there before it.
 */
export function checkForLeaks({ endsThreads = false }: LeakCheckOptions = {}): void {
  let before: Stock | undefined;
  beforeEach(() => {
    before = takeStock();
  });
  // Hooks run in reverse order: what a test file cleans up in its own has gone when this one looks.
  afterEach(async () => {
    const stock = before;
    if (stock === undefined) return;
    const leaks = () => leaksSince(endsThreads ? { ...stock, descriptors: takeStock().descriptors } : stock);
    await waitUntil('nothing is left', () => leaks().length === 0, SETTLE_MS).catch(() => undefined);
    expect(leaks(), 'left behind by this test').toEqual([]);
  });
}

/** What there is now and was not there before, in words; for the tests of the check itself. */
export function leaksSince(before: Stock): string[] {
  const now = takeStock();
  return [
    ...[...now.resources]
      .filter(([kind, count]) => count > (before.resources.get(kind) ?? 0))
      .map(([kind, count]) => `${count - (before.resources.get(kind) ?? 0)} x ${kind}`),
    ...(now.timers > before.timers ? [`${now.timers - before.timers} x timer`] : []),
    ...[...now.descriptors.difference(before.descriptors)].map((descriptor) => `descriptor ${descriptor}`),
    ...[...now.folders.difference(before.folders)].map((folder) => `folder ${folder}`),
  ];
}

export function takeStock(): Stock {
  const resources = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!IGNORED_RESOURCES.has(kind)) resources.set(kind, (resources.get(kind) ?? 0) + 1);
  }
  for (const kind of threadResources.values()) resources.set(kind, (resources.get(kind) ?? 0) + 1);
  const lasting = timers.values().filter((timer) => timer.hasRef());
  return {
    resources,
    timers: [...lasting].length,
    descriptors: openDescriptors(),
    folders: new Set(existingTemporaryFolders()),
  };
}

function openDescriptors(): Set<string> {
  if (process.platform !== 'linux') return new Set();
  const folder = '/proc/self/fd';
  const found = new Set<string>();
  for (const number of readdirSync(folder)) {
    try {
      found.add(`${number} -> ${readlinkSync(`${folder}/${number}`)}`);
    } catch {
      // The one that listed the folder is closed already.
    }
  }
  return found;
}

/** Whether the code that comes first in a stack, this file and Node.js aside, is that of an installed package. */
function isCalledByPackage(stack = ''): boolean {
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
  const caller = frames.find((frame) => !frame.includes('node:') && !frame.includes(import.meta.filename));
  return caller?.includes('/node_modules/') ?? true;
}

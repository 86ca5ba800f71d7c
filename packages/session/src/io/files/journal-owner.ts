import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';

/** Who writes a part: enough to find out later whether that one is still there. */
export interface JournalOwner {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in ticks of the system since it did; a number is given to another process some day. Linux only. */
  readonly startTicks: number | undefined;
  /**
   * Threads of one process know nothing of each other's transfers. Where the system tells, by its number for the thread and when that started, in
   * ticks: a thread may end before its process does.
   */
  readonly thread: string;
}

/** `gone`: it will write no more. `unknown`: this machine cannot tell. */
export type OwnerState = 'alive' | 'gone' | 'unknown';

const thread = `${systemThread()}${randomUUID()}`;

export async function ownIdentity(): Promise<JournalOwner> {
  return { host: hostname(), pid, startTicks: await startTicksOf(pid), thread };
}

/** Only for parts that this thread is not writing: what was its own is left behind. */
export async function stateOf(owner: JournalOwner): Promise<OwnerState> {
  if (owner.host !== hostname()) return 'unknown';
  if (!isRunning(owner.pid)) return 'gone';
  if (owner.startTicks !== (await startTicksOf(owner.pid))) return 'gone';
  if (owner.pid === pid && owner.thread === thread) return 'gone';
  return (await hasThread(owner)) ? 'alive' : 'gone';
}

/** Whether that thread of the process, which runs, is still there; where the system cannot tell it may be. */
async function hasThread(owner: JournalOwner): Promise<boolean> {
  const [, id, startTicks] = SYSTEM_THREAD.exec(owner.thread) ?? [];
  if (id === undefined || owner.startTicks === undefined) return true;
  return String(await startTicksOf(owner.pid, id)) === startTicks;
}

const SYSTEM_THREAD = /^(\d+)\.(\d+)\./;

/** As `SYSTEM_THREAD` has it, this one; '' where the system does not tell. Synchronous, or another thread would be asked for itself. */
function systemThread(): string {
  try {
    const path = readlinkSync('/proc/thread-self');
    const startTicks = String(startTicksIn(readFileSync('/proc/thread-self/stat', 'latin1')));
    return `${path.slice(path.lastIndexOf('/') + 1)}.${startTicks}.`;
  } catch {
    return '';
  }
}

function isRunning(processId: number): boolean {
  try {
    return kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Of a process, or of a thread of it. */
async function startTicksOf(processId: number, threadId?: string): Promise<number | undefined> {
  const folder = threadId === undefined ? `/proc/${processId}` : `/proc/${processId}/task/${threadId}`;
  const text = await readFile(`${folder}/stat`, 'latin1').catch(() => undefined);
  return text === undefined ? undefined : startTicksIn(text);
}

/** Field 22 of /proc/PID/stat (proc(5)). The name before it may contain anything, and ends with the last parenthesis. */
function startTicksIn(stat: string): number | undefined {
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? undefined : Number(field);
}

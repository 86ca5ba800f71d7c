import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';

/** Who writes a part: enough to find out later whether that one is still there. */
export interface JournalOwner {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in ticks of the system since it did; a number is given to another process some day. Linux only. */
  readonly startTicks: number | undefined;
  /** Threads of one process know nothing of each other's transfers. */
  readonly thread: string;
}

/** `gone`: it will write no more. `unknown`: this machine cannot tell. */
export type OwnerState = 'alive' | 'gone' | 'unknown';

const thread = randomUUID();

export async function ownIdentity(): Promise<JournalOwner> {
  return { host: hostname(), pid, startTicks: await startTicksOf(pid), thread };
}

/** Only for parts that this thread is not writing: what was its own is left behind. */
export async function stateOf(owner: JournalOwner): Promise<OwnerState> {
  if (owner.host !== hostname()) return 'unknown';
  if (!isRunning(owner.pid)) return 'gone';
  if (owner.startTicks !== (await startTicksOf(owner.pid))) return 'gone';
  return owner.pid === pid && owner.thread === thread ? 'gone' : 'alive';
}

function isRunning(processId: number): boolean {
  try {
    return kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)). The name before it may contain anything, and ends with the last parenthesis. */
async function startTicksOf(processId: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${processId}/stat`, 'latin1').catch(() => undefined);
  const field = text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? undefined : Number(field);
}

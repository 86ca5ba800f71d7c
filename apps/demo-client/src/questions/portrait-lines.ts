import {
  formatCount,
  formatDuration,
  type Participant,
  portraitText,
  printable,
  type ServerPortrait,
} from '@tcpcomm/demo-server';

/** A line for each, in columns: `  2  anna  Node.js v26.10.0 on linux, process 1234  (you)`. */
export function participantLines(participants: readonly Participant[]): string[] {
  const rows = participants.map(({ sessionId, machineId, isAsker, portrait }) => ({
    id: String(sessionId),
    name: printable(machineId),
    what: portrait ? portraitText(portrait) : 'has not said what it is',
    you: isAsker ? '  (you)' : '',
  }));
  const idColumns = widest(rows.map(({ id }) => id));
  const nameColumns = widest(rows.map(({ name }) => name));
  return rows.map(({ id, name, what, you }) => `${id.padStart(idColumns)}  ${name.padEnd(nameColumns)}  ${what}${you}`);
}

/** `Node.js v26.10.0 on linux, process 1234, 2 threads, runs for 3 min 05 s, 4 sessions` */
export function serverLine(portrait: ServerPortrait): string {
  const { threads, uptimeMs, sessions } = portrait;
  const threading = threads === 0 ? 'no threads' : formatCount(threads, 'thread');
  return [
    portraitText(portrait),
    `${threading} for the sessions`,
    `runs for ${formatDuration(uptimeMs)}`,
    formatCount(sessions, 'session'),
  ].join(', ');
}

/** Not by `Math.max(...)`, which takes a hundred thousand or so. */
function widest(texts: readonly string[]): number {
  return texts.reduce((columns, text) => Math.max(columns, text.length), 0);
}

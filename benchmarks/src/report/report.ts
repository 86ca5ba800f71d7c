import type { SuiteOutcome } from '../harness/run-suite.ts';
import { type Machine, machineText } from './machine.ts';
import { caseTables } from './suite-tables.ts';
import { renderMarkdown, renderText } from './table.ts';

export interface RunDescription {
  readonly machine: Machine;
  readonly rounds: number;
  readonly scale: number;
}

/** The first lines of a report: what the figures were taken on, and how. */
export function renderHeading({ machine, rounds, scale }: RunDescription): string {
  const scaled = scale === 1 ? '' : `, loads scaled by ${scale}`;
  const manner = rounds === 1 ? 'one round' : `medians of ${rounds} interleaved rounds`;
  return `${machineText(machine)}\n\nEach subject in two processes, on 127.0.0.1 unless a case says otherwise; ${manner}${scaled}. CPU is user and system time of both processes.`;
}

/** A suite's notes and tables. */
export function renderSuite(outcome: SuiteOutcome, format: 'text' | 'markdown'): string {
  const { suite } = outcome;
  const isMarkdown = format === 'markdown';
  const notes = suite.notes.map((note) => `- ${note}`).join('\n');
  const tables = caseTables(outcome).map(({ title, link, table, absences }) => {
    const body = table.rows.length > 0 ? (isMarkdown ? renderMarkdown : renderText)(table) : 'No results.';
    return [isMarkdown ? `#### ${title}` : title, link, body, absences.map((absence) => `- ${absence}`).join('\n')];
  });
  const title = isMarkdown ? `### ${suite.name}: ${suite.summary}` : `== ${suite.name}: ${suite.summary}`;
  return [title, notes, ...tables.flat()].filter((part) => part !== '').join('\n\n');
}

/** Rows of cells below a head; the first column is aligned to the left, the others to the right. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function renderText({ head, rows }: Table): string {
  const widths = columnWidths([head, ...rows]);
  const line = (cells: readonly string[]) => align(cells, widths).join('  ').trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function renderMarkdown({ head, rows }: Table): string {
  const widths = columnWidths([head, ...rows]);
  const line = (cells: readonly string[]) => `| ${align(cells, widths).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function align(cells: readonly string[], widths: readonly number[]): string[] {
  return cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)));
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  return lines[0]!.map((_cell, column) => Math.max(3, ...lines.map((cells) => cells[column]!.length)));
}

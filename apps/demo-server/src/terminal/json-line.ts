/** Prints an object as one line of JSON, for programs that read along. What is undefined is left out. */
export function printJsonLine(object: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

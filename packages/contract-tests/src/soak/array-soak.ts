import { fileURLToPath } from 'node:url';
import { runForJson } from '@tcpcomm/test-support';

export interface ArraySoakOptions {
  /** A multiple of 8. */
  readonly arrayBytes: number;
  readonly report: (line: string) => void;
}

interface MovedArray {
  readonly byteLength: number;
  readonly isEqual: boolean;
  /** The array that has arrived included. */
  readonly grownBytes: number;
}

/** What both ends together may cost beside the array. */
const MAX_EXTRA_BYTES = 64_000_000;

/** Sends an array from one end to the other, in a process of its own, and looks at what has come and at the memory that it took. */
export async function runArraySoak({
  arrayBytes,
  report,
}: ArraySoakOptions): Promise<{ readonly violations: readonly string[] }> {
  const program = fileURLToPath(import.meta.resolve('./programs/move-array.ts'));
  const { byteLength, isEqual, grownBytes } = await runForJson<MovedArray>(program, { args: [String(arrayBytes)] });
  const extraBytes = grownBytes - byteLength;
  report(`${byteLength} bytes arrived, with ${extraBytes} bytes of memory beside them at both ends together`);
  const violations = [];
  if (byteLength !== arrayBytes || !isEqual) violations.push('what arrived is not what was sent');
  if (extraBytes > MAX_EXTRA_BYTES)
    violations.push(`it took more than ${MAX_EXTRA_BYTES} bytes of memory beside the array`);
  return { violations };
}

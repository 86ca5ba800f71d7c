import type { Serving } from '../harness/subject.ts';
import { waitForListener } from '../measure/free-port.ts';
import { Program } from '../measure/program.ts';

const START_LIMIT_MS = 10_000;

/** A server that is a program; ready when it listens. */
export async function serveProgram(name: string, args: readonly string[], port: number): Promise<Serving> {
  const program = new Program(name, args);
  await Promise.race([waitForListener(port, AbortSignal.timeout(START_LIMIT_MS)), program.fail()]);
  return {
    endpoint: { host: '127.0.0.1', port },
    usage: () => {
      const { cpuSeconds, peakRssMegabytes } = program.usage;
      return cpuSeconds === undefined ? undefined : { cpuSeconds, peakRssMegabytes };
    },
    close: () => program.stop(),
  };
}

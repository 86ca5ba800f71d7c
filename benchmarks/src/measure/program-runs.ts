import { Program } from './program.ts';
import { endedChildrenCpuSeconds } from './program-usage.ts';
import type { Usage } from './usage.ts';

/** Programs that a client runs to their end, one after another; what they use is what the client uses. */
export class ProgramRuns {
  #peakRssMegabytes = 0;

  /** @throws Error when the program is not installed, or ends with another status than 0 */
  async run(name: string, args: readonly string[]): Promise<void> {
    const program = new Program(name, args);
    await program.succeed();
    this.#peakRssMegabytes = Math.max(this.#peakRssMegabytes, program.usage.peakRssMegabytes);
  }

  /** Of all that have ended; undefined where it cannot be told. */
  get usage(): Usage | undefined {
    const cpuSeconds = endedChildrenCpuSeconds();
    return cpuSeconds === undefined ? undefined : { cpuSeconds, peakRssMegabytes: this.#peakRssMegabytes };
  }
}

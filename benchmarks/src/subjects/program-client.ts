import type { Driving } from '../harness/subject.ts';
import { Program } from '../measure/program.ts';
import { endedChildrenCpuSeconds } from '../measure/program-usage.ts';
import { type FileLoad, type FilePaths, measureFile } from './file-load.ts';

/** A client that runs a program for every file; what the program uses is what the client uses. */
export function driveProgram(
  name: string,
  folder: string,
  argumentsFor: (load: FileLoad, paths: FilePaths) => readonly string[],
): Driving<FileLoad> {
  let peakRssMegabytes = 0;
  return {
    run: (load) =>
      measureFile(load, folder, async (paths) => {
        const program = new Program(name, argumentsFor(load, paths));
        await program.succeed();
        peakRssMegabytes = Math.max(peakRssMegabytes, program.usage.peakRssMegabytes);
      }),
    usage: () => {
      const cpuSeconds = endedChildrenCpuSeconds();
      return cpuSeconds === undefined ? undefined : { cpuSeconds, peakRssMegabytes };
    },
    close: async () => undefined,
  };
}

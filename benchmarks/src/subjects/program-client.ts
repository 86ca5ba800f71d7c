import type { Driving } from '../harness/subject.ts';
import { ProgramRuns } from '../measure/program-runs.ts';
import type { FileLoad, FilePaths } from './file-load.ts';
import { checkReceived, measureFiles, syncReceived } from './file-measurement.ts';

/** A client that runs a program for every load, and makes durable what has arrived. */
export function driveProgram(
  name: string,
  folder: string,
  argumentsFor: (load: FileLoad, paths: FilePaths) => readonly string[],
): Driving<FileLoad> {
  const programs = new ProgramRuns();
  return {
    run: (load) =>
      measureFiles(load, folder, async (paths) => {
        await programs.run(name, argumentsFor(load, paths));
        await syncReceived(load, paths);
      }),
    check: (load) => checkReceived(load, folder),
    usage: () => programs.usage,
    close: async () => undefined,
  };
}

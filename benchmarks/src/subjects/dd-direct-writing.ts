import type { Subject } from '../harness/subject.ts';
import { ProgramRuns } from '../measure/program-runs.ts';
import { serveNothing } from './no-server.ts';
import type { WriterLoad } from './writer-load.ts';
import { measureWriting } from './writer-measurement.ts';
import { checkTarget } from './writer-target.ts';

/** GNU `dd` past the page cache: one buffer, filled and written by turns. What is there is overwritten where it is. */
export const subject: Subject<WriterLoad> = {
  serve: serveNothing,

  async drive(_load, _endpoint, folder) {
    const programs = new ProgramRuns();
    return {
      run: (load) => measureWriting(load, folder, (path) => programs.run('dd', ddArguments(load, path))),
      check: (load) => checkTarget(load, folder),
      usage: () => programs.usage,
      close: async () => undefined,
    };
  },
};

function ddArguments({ bufferBytes, count }: WriterLoad, path: string): string[] {
  return [
    ...['if=/dev/zero', `of=${path}`, `bs=${bufferBytes}`, `count=${count}`],
    ...['oflag=direct', 'conv=fdatasync,notrunc', 'status=none'],
  ];
}

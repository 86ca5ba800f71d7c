// `pnpm bench`.
import { bench } from './bench.ts';
import { suites } from './suites/suite-list.ts';

const INTERRUPTED_STATUS = 130;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The second one ends this process at once; the subjects' processes notice that and end too.
  process.once(name, () => stop.abort(new Error(`ended by ${name}`)));
}

try {
  process.exitCode = await bench(process.argv.slice(2), {
    suites,
    signal: stop.signal,
    print: (text) => console.log(text),
    printProgress: (text) => console.error(text),
  });
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.error((error as Error).message);
  process.exitCode = INTERRUPTED_STATUS;
}

import type { Usage } from '../measure/usage.ts';
import type { Metrics } from './metrics.ts';

/** What a subject is given to do. It travels between processes as JSON; a suite adds what its subjects need to know. */
export interface Load {
  /** How much: messages, round trips or bytes, as the suite says. The harness scales it. */
  readonly count: number;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * A program under measurement: ours or a peer. Its two ends run in processes of their own, started by the harness for one
 * case and one round, and talk to each other only through the endpoint.
 */
export interface Subject<L extends Load = Load> {
  /**
   * In the server's process. Listens on a free port of `host`, which is 127.0.0.1 unless the case has a link of its own. The
   * folder is the suite's, common to all processes.
   */
  serve(load: L, folder: string, host: string): Promise<Serving>;
  /** In the client's process, when the server is ready. */
  drive(load: L, endpoint: Endpoint, folder: string): Promise<Driving<L>>;
}

/** What both ends have in common. */
export interface End {
  /** What it has used since it began, for an end whose work is done by another program. Default: this process's. */
  usage?(): Usage | undefined;
  /** Ends it, so that the process can exit. */
  close(): Promise<void>;
}

export interface Serving extends End {
  readonly endpoint: Endpoint;
}

export interface Driving<L extends Load = Load> extends End {
  /** Does the load once and measures it, at whichever end receives. Called first with a part of the load, to warm up. */
  run(load: L): Promise<Metrics>;
  /**
   * After each run, when CPU and memory have been measured: verifies what came of it, and removes that.
   *
   * @throws Error when it is not what it should be; then the run does not count
   */
  check?(load: L): Promise<void>;
}

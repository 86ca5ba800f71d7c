/** What the command line says. */
export interface ServerSettings {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** The folder whose files clients may read and write; without it there are none. */
  readonly root: string | undefined;
  /** The folder in which images are kept; without it they are in `root`, and without that nowhere. */
  readonly images: string | undefined;
  /** For each session, both directions together; Infinity for no limit. */
  readonly bytesPerSecond: number;
  /** For all sessions together; Infinity for no limit. */
  readonly totalBytesPerSecond: number;
  /** How many connections are taken in a second; the rest waits. */
  readonly acceptsPerSecond: number;
  /** On how many worker threads the sessions are. */
  readonly threads: number;
  readonly allowDuplicateIds: boolean;
  readonly json: boolean;
}

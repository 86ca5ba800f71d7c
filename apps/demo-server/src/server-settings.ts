/** What the command line says. */
export interface ServerSettings {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** The folder whose files clients may read and write; without it there are none. */
  readonly root: string | undefined;
  /** For each session; Infinity for no limit. */
  readonly bytesPerSecond: number;
  readonly allowDuplicateIds: boolean;
  readonly json: boolean;
}

/** What every command of the client may be told. */
export interface CommonOptions {
  readonly host: string;
  readonly port: number;
  /** What the server is to know this client by. */
  readonly machineId: string;
  /** For connecting, and for the server's answer to a text or a question. */
  readonly timeoutMs: number;
  readonly json: boolean;
  /** Neither progress nor what went well. */
  readonly quiet: boolean;
}

import type { SessionBackend } from '@tcpcomm/session';

/** Where to connect to, with all defaults filled in. */
export interface ConnectSetup {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What does the work of a `TcpCommClient`. */
export interface ClientBackend extends SessionBackend {
  /** @throws as `TcpCommClient.connect`, but for arguments */
  connect(setup: ConnectSetup): Promise<void>;
  /** @throws as `TcpCommClient.setMachineId`, but for arguments */
  setMachineId(machineId: string): Promise<void>;
}

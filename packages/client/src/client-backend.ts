import type { Worker } from 'node:worker_threads';
import { SessionClosedError } from '@tcpcomm/protocol';
import type { SessionBackend } from '@tcpcomm/session';

/** @throws SessionClosedError: it is closed for good */
export function refuseToConnectAgain(): never {
  throw new SessionClosedError('this client is closed; create another to connect again');
}

/** Where to connect to, with all defaults filled in. */
export interface ConnectSetup {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What does the work of a `TcpCommClient`. */
export interface ClientBackend extends SessionBackend {
  /** On which thread it works. */
  readonly thread: Worker | 'current-thread';
  /** @throws as `TcpCommClient.connect`, but for arguments */
  connect(setup: ConnectSetup): Promise<void>;
  /** @throws as `TcpCommClient.setMachineId`, but for arguments */
  setMachineId(machineId: string): Promise<void>;
}

// The program of a client's thread: its session, and the port to its user.
import { workerData } from 'node:worker_threads';
import { SessionPortal } from '@tcpcomm/session';
import type { ConnectSetup } from './client-backend.ts';
import type { ClientThreadData } from './client-thread.ts';
import { LocalClient } from './local-client.ts';

const { port, setup, auth, asksAuth } = workerData as ClientThreadData;

new SessionPortal(
  port,
  (events, user) => {
    const credentials = asksAuth ? () => user.ask('auth') as Promise<string> : auth;
    return new LocalClient({ ...setup, auth: credentials, onMessage: undefined }, events);
  },
  {
    connect: (client, where, signal) => client.connect({ ...(where as Omit<ConnectSetup, 'signal'>), signal }),
    setMachineId: (client, machineId) => client.setMachineId(machineId as string),
  },
);

import { type Hello, type Reject, WireError } from '@tcpcomm/protocol';
import type { ServerSetup } from './server-options.ts';
import type { SessionCollection } from './session-collection.ts';

/** Whether a client may come in: undefined, or the reason why not. */
export function refusalOf(hello: Hello, sessions: SessionCollection, setup: ServerSetup): Reject | undefined {
  if (sessions.size >= setup.maxSessions) {
    return {
      code: WireError.SERVER_FULL,
      message: `the server has its ${setup.maxSessions} sessions, no more are let in`,
    };
  }
  if (!setup.enforceUniqueMachineIds) return undefined;
  if (hello.machineId.trim() === '') {
    return { code: WireError.MACHINE_ID_BLANK, message: 'the machine id is blank, this server wants one' };
  }
  // A session that is taking its leave does not keep its client from coming back.
  if (sessions.get(hello.machineId)?.isOpen) {
    return { code: WireError.MACHINE_ID_TAKEN, message: `the machine id ${JSON.stringify(hello.machineId)} is in use` };
  }
  return undefined;
}

import type { ServerSession } from './server-session.ts';

/** The sessions of a server, as its users see them. */
export interface SessionCollection extends Iterable<ServerSession> {
  readonly size: number;
  /** By session id or machine id. */
  get(idOrMachineId: number | string): ServerSession | undefined;
}

/** The sessions of a server by id and by machine id. An id is the lowest that is free, so ids stay small. */
export class SessionTable implements SessionCollection {
  readonly #byId = new Map<number, ServerSession>();
  readonly #byMachineId = new Map<string, ServerSession>();
  /** No id below this one is free. */
  #lowestFreeId = 1;

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<ServerSession> {
    return this.#byId.values();
  }

  get(idOrMachineId: number | string): ServerSession | undefined {
    return typeof idOrMachineId === 'number' ? this.#byId.get(idOrMachineId) : this.#byMachineId.get(idOrMachineId);
  }

  /** The id for the next session. */
  get nextId(): number {
    while (this.#byId.has(this.#lowestFreeId)) this.#lowestFreeId += 1;
    return this.#lowestFreeId;
  }

  add(session: ServerSession): void {
    this.#byId.set(session.sessionId, session);
    this.#byMachineId.set(session.machineId, session);
  }

  remove(session: ServerSession): void {
    this.#byId.delete(session.sessionId);
    this.#lowestFreeId = Math.min(this.#lowestFreeId, session.sessionId);
    // A later session may have come with the same machine id.
    if (this.#byMachineId.get(session.machineId) === session) this.#byMachineId.delete(session.machineId);
  }
}

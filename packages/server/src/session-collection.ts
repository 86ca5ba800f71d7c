import { comparable } from './machine-id.ts';
import type { ServerSession } from './server-session.ts';

/** The sessions of a server, as its users see them. */
export interface SessionCollection extends Iterable<ServerSession> {
  readonly size: number;
  /** By session id or machine id, in whatever unicode form. */
  get(idOrMachineId: number | string): ServerSession | undefined;
}

/** The sessions of a server by id and by machine id. An id is the lowest that is free, so ids stay small. */
export class SessionTable implements SessionCollection {
  readonly #byId = new Map<number, ServerSession>();
  /** Several of one name only where that is allowed, and while one leaves as the next comes; the latest is the last. */
  readonly #byMachineId = new Map<string, ServerSession[]>();
  /** No id below this one is free. */
  #lowestFreeId = 1;

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<ServerSession> {
    return this.#byId.values();
  }

  get(idOrMachineId: number | string): ServerSession | undefined {
    if (typeof idOrMachineId === 'number') return this.#byId.get(idOrMachineId);
    return this.namesakesOf(idOrMachineId).at(-1);
  }

  /** All that have this machine id. */
  namesakesOf(machineId: string): ServerSession[] {
    return [...(this.#byMachineId.get(comparable(machineId)) ?? [])];
  }

  /** The id for the next session. */
  get nextId(): number {
    while (this.#byId.has(this.#lowestFreeId)) this.#lowestFreeId += 1;
    return this.#lowestFreeId;
  }

  add(session: ServerSession): void {
    this.#byId.set(session.sessionId, session);
    this.#addNamesake(session, session.machineId);
  }

  remove(session: ServerSession): void {
    this.#byId.delete(session.sessionId);
    this.#lowestFreeId = Math.min(this.#lowestFreeId, session.sessionId);
    this.#removeNamesake(session);
  }

  /** A session is about to have another machine id. */
  rename(session: ServerSession, machineId: string): void {
    this.#removeNamesake(session);
    this.#addNamesake(session, machineId);
  }

  #addNamesake(session: ServerSession, machineId: string): void {
    const name = comparable(machineId);
    const namesakes = this.#byMachineId.get(name);
    if (namesakes) namesakes.push(session);
    else this.#byMachineId.set(name, [session]);
  }

  #removeNamesake(session: ServerSession): void {
    const name = comparable(session.machineId);
    const namesakes = this.#byMachineId.get(name) ?? [];
    const index = namesakes.lastIndexOf(session);
    if (index >= 0) namesakes.splice(index, 1);
    if (namesakes.length === 0) this.#byMachineId.delete(name);
  }
}

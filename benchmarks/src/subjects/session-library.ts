import type { Endpoint } from '../harness/subject.ts';

/** What the suite about sessions needs of a library; everything else is the same for all of them. */
export interface SessionLibrary {
  /** Listens on a free port. The server sends back every message, and answers questions. */
  listen(host: string, answer: (question: string) => Promise<string>): Promise<SessionServer>;
  /** Resolves when the session is there, as the library says. @param hear is given the messages that come back */
  connect(endpoint: Endpoint, hear: (message: Uint8Array) => void): Promise<ClientSession>;
}

export interface SessionServer {
  readonly port: number;
  /** Sessions that there are. */
  readonly openCount: number;
  /** Sessions that there have been. */
  readonly acceptedCount: number;
  close(): Promise<void>;
}

export interface ClientSession {
  send(message: Uint8Array): void;
  /** One question at a time. */
  ask(question: string): Promise<string>;
  /** In the library's ordinary way; resolves when that is done. */
  close(): Promise<void>;
}

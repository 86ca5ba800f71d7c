import { setImmediate } from 'node:timers/promises';

interface Entry {
  readonly name: string;
  state: 'pending' | 'resolved' | 'rejected';
  error?: unknown;
}

/** The promises that an application was given, and what became of each. */
export class PromiseLedger {
  readonly #entries: Entry[] = [];

  add(name: string, promise: Promise<unknown>): void {
    const entry: Entry = { name, state: 'pending' };
    this.#entries.push(entry);
    promise.then(
      () => {
        entry.state = 'resolved';
      },
      (error: unknown) => {
        entry.state = 'rejected';
        entry.error = error;
      },
    );
  }

  async pending(): Promise<string[]> {
    return this.#named('pending');
  }

  async resolved(): Promise<string[]> {
    return this.#named('resolved');
  }

  async rejected(): Promise<string[]> {
    return this.#named('rejected');
  }

  async errors(): Promise<unknown[]> {
    await setImmediate();
    return this.#entries.filter(({ state }) => state === 'rejected').map(({ error }) => error);
  }

  async #named(wanted: string): Promise<string[]> {
    // Reactions to what has settled run before the next turn of the event loop.
    await setImmediate();
    return this.#entries.filter(({ state }) => state === wanted).map(({ name }) => name);
  }
}

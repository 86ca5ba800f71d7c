/** A machine id that the server is asked for, one at a time: until it has answered, over whichever connection. */
export class IdentityChange {
  readonly #ask: (machineId: string) => void;
  #wanted: string | undefined;
  #answer = Promise.withResolvers<undefined>();
  /** Settles when all that were asked for before are answered. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param ask asks the server, if there is a connection; throws if there will be none */
  constructor(ask: (machineId: string) => void) {
    this.#ask = ask;
  }

  /** Resolves when the server has taken it; rejects with its refusal, or when the session ends. */
  change(machineId: string): Promise<unknown> {
    const turn = this.#last.then(() => this.#begin(machineId));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** There is another connection: what has not been answered is asked again, unless the server has taken it already. */
  repeat(known: string): void {
    if (this.#wanted === undefined) return;
    if (this.#wanted === known) this.settle(undefined);
    else this.#ask(this.#wanted);
  }

  /** The server has answered. @param refusal undefined if it has taken the machine id */
  settle(refusal: Error | undefined): void {
    if (this.#wanted === undefined) return;
    this.#wanted = undefined;
    if (refusal) this.#answer.reject(refusal);
    else this.#answer.resolve(undefined);
  }

  /** The session is over. */
  stop(reason: Error): void {
    this.settle(reason);
  }

  #begin(machineId: string): Promise<unknown> {
    this.#answer = Promise.withResolvers();
    this.#ask(machineId);
    this.#wanted = machineId;
    return this.#answer.promise;
  }
}

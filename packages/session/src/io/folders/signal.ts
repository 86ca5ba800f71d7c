/** Wakes those who wait for something to change, and look then whether it is what they wait for. */
export class Signal {
  #next = Promise.withResolvers<undefined>();

  /** Something has changed. */
  give(): void {
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers();
  }

  async next(): Promise<void> {
    await this.#next.promise;
  }
}

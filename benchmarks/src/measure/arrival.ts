/** Watches, at the receiver, how long it takes from the first of what is expected until the last. */
export class Arrival {
  #remaining = 0;
  #firstMs = 0;
  #arrived: PromiseWithResolvers<number> | undefined;

  /** Resolves when so many units (messages or bytes) have come: with the milliseconds between the first and the last. */
  expect(units: number): Promise<number> {
    this.#remaining = units;
    this.#firstMs = 0;
    this.#arrived = Promise.withResolvers();
    return this.#arrived.promise;
  }

  add(units: number): void {
    if (this.#firstMs === 0) this.#firstMs = performance.now();
    this.#remaining -= units;
    if (this.#remaining > 0) return;
    if (this.#remaining < 0) this.#arrived?.reject(new Error(`${-this.#remaining} more arrived than were asked for`));
    else this.#arrived?.resolve(performance.now() - this.#firstMs);
  }
}

/** A channel that may hold more than its window, for a message that would not fit otherwise. */
export interface AssemblyHolder {
  /** Others have given memory back: what was refused before may be granted now. */
  handleBudgetFreed(): void;
}

/**
 * Bounds what messages larger than their channel's window hold in memory, all channels of a session together.
 *
 * When the budget is used up, one holder still goes on: the one that asked first. So large messages wait for one another
 * and never for ever, and the memory stays below the budget and one message of the largest size.
 */
export class AssemblyBudget {
  readonly #limitBytes: number;
  /** In the order of asking. */
  readonly #heldBytes = new Map<AssemblyHolder, number>();
  #totalBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Asks to hold `bytes` in all. One that is refused keeps its place in the line. */
  tryHold(holder: AssemblyHolder, bytes: number): boolean {
    const held = this.#heldBytes.get(holder) ?? 0;
    const wanted = Math.max(held, bytes);
    if (held === 0) this.#heldBytes.set(holder, 0);
    const isFirst = this.#heldBytes.keys().next().value === holder;
    if (!isFirst && this.#totalBytes - held + wanted > this.#limitBytes) return false;
    this.#set(holder, wanted, held);
    return true;
  }

  /** The holder needs no more than `bytes` from now on; with 0 it leaves the line. */
  shrink(holder: AssemblyHolder, bytes: number): void {
    const held = this.#heldBytes.get(holder);
    if (held === undefined || bytes > held) return;
    this.#set(holder, bytes, held);
    if (bytes === 0) this.#heldBytes.delete(holder);
    // Also one that held nothing makes room: the next in line may now be the first.
    if (bytes < held || bytes === 0) for (const waiting of [...this.#heldBytes.keys()]) waiting.handleBudgetFreed();
  }

  #set(holder: AssemblyHolder, bytes: number, before: number): void {
    this.#heldBytes.set(holder, bytes);
    this.#totalBytes += bytes - before;
  }
}

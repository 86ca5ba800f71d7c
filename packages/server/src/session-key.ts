import { randomUUID, timingSafeEqual } from 'node:crypto';

/**
 * What proves that a client is the one that had a session: a secret that it was given with WELCOME. Each connection gets a new one, and the
 * one before is of no use any more as soon as the client is known to have it (docs/PROTOCOL.md §5.1).
 */
export class SessionKey {
  #current = newKey();
  /** What the client has come with: it may not have heard of the current one. */
  #presented: string | undefined;

  /** As it travels. */
  get text(): string {
    return this.#current;
  }

  /** Whether it is a valid key. Takes as long for a wrong one as for the right one. */
  matches(text: string): boolean {
    const isCurrent = isSame(text, this.#current);
    const isPresented = isSame(text, this.#presented ?? this.#current);
    return isCurrent || isPresented;
  }

  /** The client has come with this one, which is valid: there is a new one, and both are, until `confirm`. */
  renew(presented: string): void {
    this.#presented = presented;
    this.#current = newKey();
  }

  /** The client has the current one: no other is valid. */
  confirm(): void {
    this.#presented = undefined;
  }
}

/**
 * 244 random bits, more than anybody can guess or try (RFC 4086 §8.2 asks for 128 where an attacker has everything but the key). UUIDs,
 * because Node makes many of them at a time: to ask the system for each key is a twentieth of what it takes to let a client in.
 */
function newKey(): string {
  return `${randomUUID()}.${randomUUID()}`;
}

function isSame(given: string, key: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(key)];
  return one.length === other.length && timingSafeEqual(one, other);
}

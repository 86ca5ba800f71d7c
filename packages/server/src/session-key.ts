import { randomBytes, timingSafeEqual } from 'node:crypto';

/** More than anybody can guess or try (RFC 4086 §8.2 asks for 128 bits where an attacker has everything but the key). */
const KEY_BYTES = 24;

/**
 * What proves that a client is the one that had a session: a secret that it was given with WELCOME. Each connection gets a new one, and the
 * one before is of no use any more as soon as the client is known to have it (docs/PROTOCOL.md §5.1).
 */
export class SessionKey {
  #current = randomBytes(KEY_BYTES);
  /** What the client has come with: it may not have heard of the current one. */
  #presented: Buffer | undefined;

  /** As it travels. */
  get text(): string {
    return this.#current.toString('base64url');
  }

  /** Whether it is a valid key. Takes as long for a wrong one as for the right one. */
  matches(text: string): boolean {
    const given = Buffer.from(text, 'base64url');
    if (given.length !== KEY_BYTES) return false;
    const isCurrent = timingSafeEqual(given, this.#current);
    const isPresented = timingSafeEqual(given, this.#presented ?? this.#current);
    return isCurrent || isPresented;
  }

  /** The client has come with this one, which is valid: there is a new one, and both are, until `confirm`. */
  renew(presented: string): void {
    this.#presented = Buffer.from(presented, 'base64url');
    this.#current = randomBytes(KEY_BYTES);
  }

  /** The client has the current one: no other is valid. */
  confirm(): void {
    this.#presented = undefined;
  }
}

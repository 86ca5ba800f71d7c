import type { Conversation } from '../../src/engine/conversation.ts';
import type { Role } from '../../src/engine/role.ts';
import { positionsOf, receivedOf } from '../../src/engine/standing.ts';
import { createConversation, createEngine, type EngineOptions } from './engine-options.ts';
import { TestApplication } from './test-application.ts';
import { joinPhases, type LinkOptions, type VirtualEnd } from './virtual-link.ts';
import { VirtualTime } from './virtual-time.ts';

/** One end of a session that outlives its connections. */
export interface ResumableSide {
  readonly role: Role;
  readonly application: TestApplication;
  readonly conversation: Conversation;
}

/** Two ends of one session over a link that is lost and found again. */
export class ResumablePair {
  readonly time = new VirtualTime();
  readonly client = createSide('client');
  readonly server = createSide('server');
  readonly sides = [this.client, this.server] as const;
  readonly #link: LinkOptions;
  #ends: readonly [VirtualEnd, VirtualEnd] | undefined;

  constructor(link: LinkOptions = {}) {
    this.#link = link;
    this.connect();
  }

  /** There is a connection: each end goes on from where the other stands, as it travels. */
  connect(server = this.server): void {
    const engines = [this.client, server].map((side) => {
      const engine = createEngine(side.role, side.application, optionsOf(side), this.time.nowMs);
      side.application.engine = engine;
      return engine;
    });
    this.#ends = joinPhases(this.time, engines[0]!, engines[1]!, this.#link).ends;
  }

  reconnect(): void {
    const standing = this.sides.map(({ conversation }) => JSON.stringify(receivedOf(conversation.positions)));
    for (const [index, { conversation }] of this.sides.entries()) {
      conversation.rewind(positionsOf(JSON.parse(standing[1 - index]!) as ReturnType<typeof receivedOf>));
    }
    this.connect();
  }

  /** The connection breaks, wherever the bytes are that are on their way. */
  cut(): void {
    for (const end of this.#ends ?? []) end.lose();
    this.#ends = undefined;
  }
}

export function createSide(role: Role): ResumableSide {
  return { role, application: new TestApplication(), conversation: createConversation() };
}

function optionsOf({ conversation }: ResumableSide): EngineOptions {
  return { conversation, isResumable: true };
}

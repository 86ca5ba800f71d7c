import { RequestError, TimeoutError } from '@tcpcomm/protocol';
import type { ServerSession, TcpCommServer } from '@tcpcomm/server';
import type { TypedChannel } from '@tcpcomm/session';
import type { ImageOutcome } from '../images/image-outcome.ts';
import {
  ClientPortrait,
  type ClientQuestion,
  drawPortrait,
  type Participant,
  QUESTION_CHANNEL,
  questionCodec,
  type ServerPortrait,
  ServerQuestion,
} from './questions.ts';

/** A client has its answer at hand. */
const CLIENT_ANSWER_MS = 10_000;

/** Knows what became of the images of a session. */
export interface ImageRegister {
  outcomeOf(id: number): Promise<ImageOutcome>;
}

/** Answers what the clients of a server ask, and asks each what it is. */
export class QuestionDesk {
  readonly #server: TcpCommServer;
  readonly #portraits = new WeakMap<ServerSession, ClientPortrait>();
  /** Settle when it is known whether there is one. */
  readonly #asked = new WeakMap<ServerSession, Promise<unknown>>();

  constructor(server: TcpCommServer) {
    this.#server = server;
  }

  /** Answers a session's questions from now on. */
  attend(session: ServerSession, images: ImageRegister): void {
    this.#channelOf(session).onRequest((question) => {
      switch (question.ask) {
        case 'who':
          return this.#participants(session);
        case 'server':
          return this.#portray();
        case 'image':
          return images.outcomeOf(question.id);
      }
    });
  }

  /** What a client says that it is; undefined if it does not say, or goes before. @throws InvalidMessageError for what is no answer */
  ask(session: ServerSession): Promise<ClientPortrait | undefined> {
    const portrait = this.#ask(session);
    this.#asked.set(
      session,
      portrait.catch(() => undefined),
    );
    return portrait;
  }

  async #ask(session: ServerSession): Promise<ClientPortrait | undefined> {
    const question: ClientQuestion = { ask: 'client' };
    const options = { schema: ClientPortrait, timeoutMs: CLIENT_ANSWER_MS };
    try {
      const portrait = await this.#channelOf(session).request(question, options);
      this.#portraits.set(session, portrait);
      return portrait;
    } catch (error) {
      // It answers no such questions, takes too long, or is gone: no client has to answer.
      if (error instanceof RequestError || error instanceof TimeoutError || !session.isOpen) return undefined;
      throw error;
    }
  }

  async *#participants(asker: ServerSession): AsyncGenerator<Participant> {
    // Others are not waited for. But whoever has just come in and asks may be asked itself this moment.
    await this.#asked.get(asker);
    for (const session of Array.from(this.#server.sessions)) {
      const { sessionId, machineId } = session;
      const portrait = this.#portraits.get(session);
      yield { sessionId, machineId, isAsker: session === asker, ...(portrait && { portrait }) };
    }
  }

  #portray(): ServerPortrait {
    return {
      ...drawPortrait(),
      threads: this.#server.info.workers.length,
      uptimeMs: Math.round(process.uptime() * 1_000),
      sessions: this.#server.sessions.size,
    };
  }

  #channelOf(session: ServerSession): TypedChannel<unknown, ServerQuestion> {
    return session.channel(QUESTION_CHANNEL, { codec: questionCodec, schema: ServerQuestion });
  }
}

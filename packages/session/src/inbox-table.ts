import { Inbox, type MessageConsumer } from './inbox.ts';

/** The inboxes of a session's channels, made when first used. */
export class InboxTable {
  readonly #consumer: MessageConsumer;
  readonly #inboxes: (Inbox | undefined)[] = [];
  #isEnded = false;

  constructor(consumer: MessageConsumer) {
    this.#consumer = consumer;
  }

  get(channel: number): Inbox {
    return (this.#inboxes[channel] ??= this.#create(channel));
  }

  /** Somebody has begun to listen. */
  resume(): void {
    for (const inbox of this.#inboxes) inbox?.resume();
  }

  /** No message will come any more, on no channel. */
  end(): void {
    this.#isEnded = true;
    for (const inbox of this.#inboxes) inbox?.end();
  }

  #create(channel: number): Inbox {
    const inbox = new Inbox(channel, this.#consumer);
    if (this.#isEnded) inbox.end();
    return inbox;
  }
}

import { setTimeout } from 'node:timers/promises';
import { ReplyError, RequestError } from '@tcpcomm/protocol';
import type { RequestContext, Session } from '@tcpcomm/session';
import { waitUntil } from '@tcpcomm/test-support';
import { AVERAGE_NUMBERED_BYTES, areNumbered, numberedBytes, numberOf } from './numbered-bytes.ts';
import { Tally } from './tally.ts';
import type { Traffic } from './traffic.ts';

const CHANNEL = 21;
const MAX_IN_FLIGHT = 32;
const MAX_DELAY_MS = 20;
const MAX_ITEMS = 30;
/** What is taken of a reply without end. */
const TAKEN_ITEMS = 3;
/** What the bytes of replies are numbered as. */
const REPLY = 201;
const ITEM = 202;

/** What becomes of a request: each number has one, in turn. */
const MANNERS = ['at once', 'later', 'in items', 'refused', 'at once', 'cancelled', 'broken off'] as const;

type Manner = (typeof MANNERS)[number];

/** Requests on one channel: each must be handled once, and have the end that its number has; what is cancelled may not be handled at all. */
export class NumberedRequests implements Traffic {
  readonly kind = 'requests';
  /** Of one and its reply; some replies have many items. */
  readonly averageBytes = AVERAGE_NUMBERED_BYTES * 6;
  readonly total: number;
  readonly violations: string[] = [];
  readonly #from: Session;
  readonly #asked = new Tally(MAX_IN_FLIGHT);
  readonly #handled = new Set<number>();
  readonly #stopAnswering: () => void;
  /** How many replies are being produced, item by item. */
  #producing = 0;

  constructor(total: number, from: Session, to: Session) {
    this.total = total;
    this.#from = from;
    this.#stopAnswering = to.onRequest(CHANNEL, (bytes, context) => this.#answer(bytes, context));
  }

  get ended(): number {
    return this.#asked.ended;
  }

  async send(number: number): Promise<void> {
    await this.#asked.include(
      this.#ask(number).catch((error: unknown) => {
        this.violations.push(`request ${number}, to be answered ${mannerOf(number)}: ${String(error)}`);
      }),
    );
  }

  async settled(): Promise<void> {
    await this.#asked.settled();
    // Whose reply is not wanted any more hears of it by a message.
    await waitUntil('replies that nobody wants are no longer produced', () => this.#producing === 0);
    for (let number = 0; number < this.total; number += 1) {
      if (!this.#handled.has(number) && mannerOf(number) !== 'cancelled') {
        this.violations.push(`request ${number} was not handled`);
      }
    }
  }

  end(): void {
    this.#stopAnswering();
  }

  async #ask(number: number): Promise<void> {
    const body = numberedBytes(CHANNEL, number);
    const manner = mannerOf(number);
    const ofNumber = { timeoutMs: Infinity };
    switch (manner) {
      case 'in items':
      case 'broken off':
        await this.#takeItems(number, body, manner);
        break;
      case 'refused':
        await this.#from.request(CHANNEL, body, ofNumber).then(unexpected, (error: unknown) => {
          if (!(error instanceof RequestError) || error.reason !== String(number)) throw error;
        });
        break;
      case 'cancelled':
        await this.#askUntil(AbortSignal.timeout(number % MAX_DELAY_MS), number, body);
        break;
      default:
        requireReply(await this.#from.request(CHANNEL, body, ofNumber), number);
    }
  }

  /** Whether the reply or the end of patience comes first is a matter of luck. */
  async #askUntil(signal: AbortSignal, number: number, body: Uint8Array): Promise<void> {
    try {
      requireReply(await this.#from.request(CHANNEL, body, { timeoutMs: Infinity, signal }), number);
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
  }

  async #takeItems(number: number, body: Uint8Array, manner: Manner): Promise<void> {
    let at = 0;
    for await (const item of this.#from.requestStream(CHANNEL, body, { timeoutMs: Infinity })) {
      if (!areNumbered(item, ITEM, number + at)) throw new Error(`item ${at} is ${String(numberOf(item))}`);
      at += 1;
      if (manner === 'broken off' && at === TAKEN_ITEMS) return;
    }
    if (at !== itemsOf(number, manner)) throw new Error(`${at} of ${itemsOf(number, manner)} items came`);
  }

  #answer(body: Uint8Array, { signal }: RequestContext) {
    const number = numberOf(body) ?? -1;
    if (this.#handled.has(number)) this.violations.push(`request ${number} was handled twice`);
    if (!areNumbered(body, CHANNEL, number)) this.violations.push(`request ${number} came with other bytes`);
    this.#handled.add(number);
    const manner = mannerOf(number);
    switch (manner) {
      case 'in items':
      case 'broken off':
        return this.#items(number, manner);
      case 'refused':
        throw new ReplyError('as its number has it', String(number));
      case 'at once':
        return numberedBytes(REPLY, number);
      default:
        return replyAfter(number % MAX_DELAY_MS, number, signal);
    }
  }

  async *#items(number: number, manner: Manner): AsyncGenerator<Uint8Array, void, void> {
    this.#producing += 1;
    try {
      for (let at = 0; at < itemsOf(number, manner); at += 1) {
        if (at >= TAKEN_ITEMS) await setTimeout(1);
        yield numberedBytes(ITEM, number + at);
      }
    } finally {
      this.#producing -= 1;
    }
  }
}

function mannerOf(number: number): Manner {
  return MANNERS[number % MANNERS.length]!;
}

function itemsOf(number: number, manner: Manner): number {
  return manner === 'broken off' ? Infinity : number % MAX_ITEMS;
}

async function replyAfter(delayMs: number, number: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    await setTimeout(delayMs, undefined, { signal });
    return numberedBytes(REPLY, number);
  } catch {
    return undefined; // Nobody waits for it.
  }
}

function requireReply(reply: Uint8Array, number: number): void {
  if (!areNumbered(reply, REPLY, number)) throw new Error(`the reply has the number ${String(numberOf(reply))}`);
}

function unexpected(): never {
  throw new Error('it was answered');
}

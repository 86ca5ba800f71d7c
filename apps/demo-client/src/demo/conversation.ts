import type { ProcessEvent } from './json-process.ts';

/** A text that went from one client through the server to the other. */
export interface SpokenText {
  readonly from: string;
  readonly to: string;
  readonly channel: number;
  readonly text: string;
  /** From the call in the one process to the handler in the other. */
  readonly latencyMs: number;
  /** Whether a file of the listener was on its way when the text arrived. */
  readonly wasWhileFilesMoved: boolean;
}

/**
 * Brings together what was said in one process and heard in another. The two are told over different pipes, so either may come
 * first.
 */
export class Conversation {
  readonly #onSpoken: (text: SpokenText) => void;
  readonly #said = new Map<string, number>();
  readonly #heard = new Map<string, Omit<SpokenText, 'latencyMs'> & { readonly atMs: number }>();

  constructor(onSpoken: (text: SpokenText) => void) {
    this.#onSpoken = onSpoken;
  }

  /** How many texts have been said and not been heard yet. */
  get missing(): number {
    return this.#said.size;
  }

  handleSaid(from: string, event: ProcessEvent): void {
    const key = keyOf(from, Number(event.channel), String(event.text));
    this.#said.set(key, Number(event.atMs));
    this.#match(key);
  }

  handleHeard(to: string, event: ProcessEvent): void {
    // The server puts the speaker's name in front.
    const [, from = '', text = ''] = /^(.*?): (.*)$/s.exec(String(event.text)) ?? [];
    const channel = Number(event.channel);
    const wasWhileFilesMoved = Number(event.filesMoving) > 0;
    const key = keyOf(from, channel, text);
    this.#heard.set(key, { from, to, channel, text, wasWhileFilesMoved, atMs: Number(event.atMs) });
    this.#match(key);
  }

  #match(key: string): void {
    const saidMs = this.#said.get(key);
    const heard = this.#heard.get(key);
    if (saidMs === undefined || heard === undefined) return;
    this.#said.delete(key);
    this.#heard.delete(key);
    const { atMs, ...text } = heard;
    this.#onSpoken({ ...text, latencyMs: Math.max(0, atMs - saidMs) });
  }
}

function keyOf(from: string, channel: number, text: string): string {
  return JSON.stringify([from, channel, text]);
}

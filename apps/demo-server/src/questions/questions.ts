import { type Codec, jsonCodec } from '@tcpcomm/session';
import * as v from 'valibot';

/** On which both ends ask each other, in JSON. */
export const QUESTION_CHANNEL = 200;

export const questionCodec: Codec<unknown> = jsonCodec();

/** Whoever says more than that of itself is shown nothing of it. */
const shortText = v.pipe(v.string(), v.maxLength(256));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What a client may ask the server. */
export const ServerQuestion = v.variant('ask', [
  /** Who is there: answered in items, a `Participant` each. */
  v.object({ ask: v.literal('who') }),
  /** What the server is: a `ServerPortrait`. */
  v.object({ ask: v.literal('server') }),
  /** What became of the image that this client sent as the array of this number: an `ImageOutcome`. */
  v.object({ ask: v.literal('image'), id: count }),
]);
export type ServerQuestion = v.InferOutput<typeof ServerQuestion>;

/** What the server may ask a client: what it is, a `ClientPortrait`. */
export const ClientQuestion = v.object({ ask: v.literal('client') });
export type ClientQuestion = v.InferOutput<typeof ClientQuestion>;

/** What a program says that it is. */
const portrait = { nodeVersion: shortText, platform: shortText, processId: count };

export const ClientPortrait = v.object(portrait);
export type ClientPortrait = v.InferOutput<typeof ClientPortrait>;

export const ServerPortrait = v.object({
  ...portrait,
  /** Worker threads for the sessions. */
  threads: count,
  uptimeMs: v.pipe(v.number(), v.minValue(0)),
  sessions: count,
});
export type ServerPortrait = v.InferOutput<typeof ServerPortrait>;

/** Somebody who is there. */
export const Participant = v.object({
  sessionId: count,
  machineId: shortText,
  /** Whether it is the one who asks. */
  isAsker: v.boolean(),
  /** What it has said of itself, if it has. */
  portrait: v.optional(ClientPortrait),
});
export type Participant = v.InferOutput<typeof Participant>;

/** This program's own. */
export function drawPortrait(): ClientPortrait {
  return { nodeVersion: process.version, platform: process.platform, processId: process.pid };
}

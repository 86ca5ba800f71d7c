import * as v from 'valibot';
import { ProtocolError } from './errors.ts';
import { MAX_RECORD_ENTRIES } from './folder-records.ts';
import { FrameType, frameTypeName } from './frame-type.ts';
import { laneOfKey } from './lanes.ts';
import {
  MAX_ANNOUNCED_BYTES,
  MAX_CHANNEL,
  MAX_CREDENTIALS_LENGTH,
  MAX_FRAME_LENGTH,
  MAX_MACHINE_ID_LENGTH,
  MAX_SESSION_KEY_LENGTH,
  MAX_STANDING_TRANSFERS,
  MIN_CHANNEL,
  MIN_MAX_FRAME_BYTES,
} from './limits.ts';
import { WireError } from './wire-error.ts';

/**
 * The control messages that are JSON (docs/PROTOCOL.md §6 and §9). Properties that are not named here
 * are ignored, so that a later version can add some.
 */

const MAX_SENTENCE_LENGTH = 1024;
const MAX_FEATURES = 64;
const MAX_FEATURE_LENGTH = 64;
const MAX_PATH_LENGTH = 8192;

const count = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
/** Bytes a second; JSON has no Infinity, so `null` means that there is no limit. */
const rate = v.nullable(v.pipe(v.number(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER)));
const integrity = v.picklist(['xxh64', 'sha256']);
/** XXH64 or SHA-256, as lower-case hexadecimal digits. */
const hash = v.pipe(v.string(), v.regex(/^([0-9a-f]{16}|[0-9a-f]{64})$/));
const byteCount = count(0, Number.MAX_SAFE_INTEGER);
const errorNumber = count(0, 0xffff);
/** What an answer says of single entries, of which a record holds no more. */
const answers = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.maxLength(MAX_RECORD_ENTRIES));
const sentence = text(MAX_SENTENCE_LENGTH);
const features = v.pipe(v.array(text(MAX_FEATURE_LENGTH)), v.maxLength(MAX_FEATURES));

const limits = v.object({
  maxFrameBytes: count(MIN_MAX_FRAME_BYTES, MAX_FRAME_LENGTH),
  maxMessageBytes: count(1, MAX_ANNOUNCED_BYTES),
  channelWindowBytes: count(MIN_MAX_FRAME_BYTES, MAX_ANNOUNCED_BYTES),
  transferWindowBytes: count(MIN_MAX_FRAME_BYTES, MAX_ANNOUNCED_BYTES),
});

const pace = { blockSizeBytes: count(1, MAX_FRAME_LENGTH), bytesPerSecond: rate };

/** To valibot an array without elements is an object like any other. */
const notArray = v.check((value: unknown) => !Array.isArray(value), 'expected an object but received an array');

/** Something of each that is concerned, by the name of it. */
const byKey = <Item extends v.GenericSchema>(isKey: (key: string) => boolean, expected: string, item: Item) =>
  v.pipe(v.unknown(), notArray, v.record(v.pipe(v.string(), v.check(isKey, `expected ${expected}`)), item));

const A_CHANNEL = `a channel from ${MIN_CHANNEL} to ${MAX_CHANNEL}`;
const byChannel = <Item extends v.GenericSchema>(item: Item) =>
  byKey((key) => (laneOfKey(key) ?? Infinity) <= MAX_CHANNEL, A_CHANNEL, item);
const byLane = <Item extends v.GenericSchema>(item: Item) =>
  byKey((key) => laneOfKey(key) !== undefined, `${A_CHANNEL}, or one of its lanes`, item);

const sessionId = count(1, 0xffff_ffff);
const machineId = text(MAX_MACHINE_ID_LENGTH);
const sessionKey = text(MAX_SESSION_KEY_LENGTH);
const transferId = count(1, 0xffff);

/** Where this side stands in a session that is taken up again: the peer goes on from there. */
const standing = {
  /** Of each lane that had any: whole messages, frame bytes of whole frames, payload bytes of the message that is not whole. */
  received: byLane(v.strictTuple([byteCount, byteCount, byteCount])),
  transfers: v.object({
    /** Those that this side began, and will begin again under the same number. */
    continued: v.pipe(v.array(transferId), v.maxLength(MAX_STANDING_TRANSFERS)),
    /** Those that this side has received whole; with the name, where that is not the one they were offered under. */
    done: v.pipe(
      v.array(v.object({ id: transferId, path: v.optional(text(MAX_PATH_LENGTH)) })),
      v.maxLength(MAX_STANDING_TRANSFERS),
    ),
  }),
};

const schemas = {
  [FrameType.HELLO]: v.object({
    machineId,
    agent: sentence,
    features,
    limits,
    auth: v.optional(text(MAX_CREDENTIALS_LENGTH)),
    resume: v.optional(v.object({ sessionId, key: sessionKey, ...standing })),
  }),
  [FrameType.WELCOME]: v.object({
    sessionId,
    agent: sentence,
    features,
    limits,
    ...pace,
    sessionKey: v.optional(sessionKey),
    resumed: v.optional(v.object({ machineId, ...standing })),
  }),
  [FrameType.REJECT]: v.object({ code: errorNumber, message: sentence, retryAfterMs: v.optional(byteCount) }),
  [FrameType.SETTINGS]: v.object(pace),
  /** `received`: whole messages. */
  [FrameType.GOAWAY]: v.object({ code: errorNumber, message: sentence, received: byChannel(byteCount) }),
  [FrameType.ERROR]: v.object({ code: errorNumber, message: sentence }),
  [FrameType.IDENTIFY]: v.object({ machineId }),
  /** Without `refused` the server has taken the new machine id. */
  [FrameType.IDENTIFIED]: v.pipe(
    v.unknown(),
    notArray,
    v.object({ refused: v.optional(v.object({ code: errorNumber, message: sentence })) }),
  ),
  [FrameType.FILE_REQUEST]: v.object({ path: text(MAX_PATH_LENGTH), integrity: v.optional(integrity) }),
  [FrameType.FILE_OFFER]: v.object({
    path: text(MAX_PATH_LENGTH),
    sizeBytes: byteCount,
    modifiedMs: v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15)),
    integrity,
    overwrite: v.picklist(['replace', 'refuse', 'rename']),
  }),
  [FrameType.FILE_ACCEPT]: v.object({ offsetBytes: byteCount, prefixHash: v.optional(hash) }),
  [FrameType.FILE_END]: v.pipe(v.unknown(), notArray, v.object({ hash: v.optional(hash) })),
  [FrameType.FILE_DONE]: v.pipe(v.unknown(), notArray, v.object({ path: v.optional(text(MAX_PATH_LENGTH)) })),
  [FrameType.FILE_ABORT]: v.object({ code: errorNumber, message: sentence }),
  [FrameType.TRANSFER_PAUSE]: v.object({ isPaused: v.boolean() }),
  [FrameType.FOLDER_REQUEST]: v.object({
    path: text(MAX_PATH_LENGTH),
    integrity: v.optional(integrity),
    /** Only what there is, in the folder itself or in all below it; no file. */
    list: v.optional(v.picklist(['flat', 'deep'])),
  }),
  [FrameType.FOLDER_OFFER]: v.object({
    path: text(MAX_PATH_LENGTH),
    integrity,
    overwrite: v.picklist(['replace', 'refuse', 'rename']),
  }),
  [FrameType.FOLDER_ANSWER]: v.object({
    answered: byteCount,
    skip: v.optional(answers(byteCount)),
    resume: v.optional(answers(v.object({ index: byteCount, offsetBytes: byteCount, prefixHash: hash }))),
    lost: v.optional(answers(v.object({ index: byteCount, code: errorNumber, message: sentence }))),
  }),
} as const;

export type ControlFrameType = keyof typeof schemas;
export type ControlMessage<Type extends ControlFrameType> = v.InferOutput<(typeof schemas)[Type]>;

export type Hello = ControlMessage<typeof FrameType.HELLO>;
export type Welcome = ControlMessage<typeof FrameType.WELCOME>;
/** Where one side stands in a session that is taken up again. */
export type Standing = Pick<NonNullable<Hello['resume']>, 'received' | 'transfers'>;
export type Reject = ControlMessage<typeof FrameType.REJECT>;
export type Settings = ControlMessage<typeof FrameType.SETTINGS>;
export type GoAway = ControlMessage<typeof FrameType.GOAWAY>;
export type Identify = ControlMessage<typeof FrameType.IDENTIFY>;
export type Identified = ControlMessage<typeof FrameType.IDENTIFIED>;
export type ErrorNotice = ControlMessage<typeof FrameType.ERROR>;
export type FileRequest = ControlMessage<typeof FrameType.FILE_REQUEST>;
export type FileOffer = ControlMessage<typeof FrameType.FILE_OFFER>;
export type FileAccept = ControlMessage<typeof FrameType.FILE_ACCEPT>;
export type FileDone = ControlMessage<typeof FrameType.FILE_DONE>;
export type FileEnd = ControlMessage<typeof FrameType.FILE_END>;
export type FolderRequest = ControlMessage<typeof FrameType.FOLDER_REQUEST>;
export type FolderOffer = ControlMessage<typeof FrameType.FOLDER_OFFER>;
export type FolderAnswer = ControlMessage<typeof FrameType.FOLDER_ANSWER>;
export type TransferPause = ControlMessage<typeof FrameType.TRANSFER_PAUSE>;
export type FileAbort = ControlMessage<typeof FrameType.FILE_ABORT>;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true });

export function isControlFrameType(type: number): type is ControlFrameType {
  return Object.hasOwn(schemas, type);
}

export function encodeControlMessage<Type extends ControlFrameType>(
  type: Type,
  message: ControlMessage<Type>,
): Uint8Array<ArrayBuffer> {
  return textEncoder.encode(JSON.stringify(message));
}

/**
 * Reads and validates the payload of a JSON control message.
 *
 * @throws ProtocolError `INVALID_CONTROL_MESSAGE` for bytes that are not UTF-8, text that is not JSON, and JSON of another shape;
 * the message names the property, what was expected and what came
 */
export function decodeControlMessage<Type extends ControlFrameType>(
  type: Type,
  payload: Uint8Array,
): ControlMessage<Type> {
  const result = v.safeParse(schemas[type], parseJson(type, payload), { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = v.getDotPath(issue);
  throw invalid(type, `${place === null ? '' : `${place}: `}${uncapitalize(issue.message)}`);
}

/** Cuts a sentence for people to what a control message may carry. */
export function toSentence(message: string): string {
  return message.length <= MAX_SENTENCE_LENGTH ? message : `${message.slice(0, MAX_SENTENCE_LENGTH - 1)}…`;
}

function parseJson(type: ControlFrameType, payload: Uint8Array): unknown {
  try {
    return JSON.parse(textDecoder.decode(payload));
  } catch (cause) {
    throw invalid(type, 'expected JSON in UTF-8', { cause });
  }
}

function invalid(type: ControlFrameType, detail: string, options?: { cause: unknown }): ProtocolError {
  return new ProtocolError(
    WireError.INVALID_CONTROL_MESSAGE,
    toSentence(`${frameTypeName(type)} message: ${detail}`),
    options,
  );
}

function uncapitalize(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

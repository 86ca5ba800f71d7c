import { RawPeer, rawFrame, rawPreface, SMALL_LIMITS } from '@tcpcomm/test-support';

/** What a raw client may say in its HELLO beside its machine id; whatever that is. */
export type RawHello = Readonly<Record<string, unknown>>;

/** As much of WELCOME as tests look at. */
export interface RawWelcome {
  readonly sessionId: number;
  readonly features: readonly string[];
  readonly sessionKey?: string;
  readonly resumed?: {
    readonly machineId: string;
    readonly received: Readonly<Record<string, readonly number[]>>;
    readonly transfers: { readonly continued: readonly number[]; readonly done: readonly { readonly id: number }[] };
  };
}

export interface RawReject {
  readonly code: number;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const WELCOME = 0x11;
const REJECT = 0x12;

/** The bytes with which a client introduces itself. */
export function introduction(machineId: string, changes: RawHello = {}): Buffer {
  const hello = { machineId, agent: 'raw', features: [], limits: SMALL_LIMITS, ...changes };
  return Buffer.concat([rawPreface(), rawFrame(0x10, { payload: hello })]);
}

/** A raw peer that has been let in. */
export async function joinRaw(port: number, machineId: string, changes: RawHello = {}): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peer.send(introduction(machineId, changes));
  await peer.waitForFrame(WELCOME);
  return peer;
}

/** A raw peer that has introduced itself and got an answer, whichever. */
export async function knock(port: number, machineId: string, changes: RawHello = {}): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peer.send(introduction(machineId, changes));
  await peer.waitForBytes(17);
  return peer;
}

/** What a peer was welcomed with; undefined if it was not. */
export function welcomeOf(peer: RawPeer): RawWelcome | undefined {
  return firstOf(peer, WELCOME) as RawWelcome | undefined;
}

/** What a peer was refused with; undefined if it was not. */
export function rejectOf(peer: RawPeer): RawReject | undefined {
  return firstOf(peer, REJECT) as RawReject | undefined;
}

/** A message that wants to be confirmed, on channel 1. */
export function confirmedMessage(text: string): Buffer {
  return rawFrame(0x01, { channel: 1, flags: 0x03, payload: Buffer.from(text) });
}

function firstOf(peer: RawPeer, type: number): unknown {
  const frame = peer.frames.find((found) => found.type === type);
  return frame && JSON.parse(frame.payload.toString());
}

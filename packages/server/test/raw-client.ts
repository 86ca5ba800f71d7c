import { RawPeer, rawFrame, rawPreface, SMALL_LIMITS } from '@tcpcomm/test-support';

/** The bytes with which a client introduces itself. */
export function introduction(machineId: string): Buffer {
  const hello = { machineId, agent: 'raw', features: [], limits: SMALL_LIMITS };
  return Buffer.concat([rawPreface(), rawFrame(0x10, { payload: hello })]);
}

/** A raw peer that has been let in. */
export async function joinRaw(port: number, machineId: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peer.send(introduction(machineId));
  await peer.waitForFrame(0x11);
  return peer;
}

/** A message that wants to be confirmed, on channel 1. */
export function confirmedMessage(text: string): Buffer {
  return rawFrame(0x01, { channel: 1, flags: 0x03, payload: Buffer.from(text) });
}

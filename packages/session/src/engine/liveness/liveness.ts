import { codeOfWireError, TimeoutError, WireError } from '@tcpcomm/protocol';
import type { EngineSettings } from '../engine-settings.ts';
import type { Role } from '../role.ts';
import type { FrameSender } from '../sending/frame-sender.ts';
import { Keepalive } from './keepalive.ts';

/** By how much longer a server waits than a client: where both are told the same, the client asks, and one of the many at a server need not. */
const SERVER_PATIENCE = 1.2;

/** Whether the peer is still there, and takes what it is sent: the two ways in which it can be gone without the network saying so. */
export class Liveness {
  readonly #settings: EngineSettings;
  readonly #sender: FrameSender;
  readonly #keepalive: Keepalive;

  constructor(role: Role, settings: EngineSettings, sender: FrameSender, nowMs: number) {
    this.#settings = settings;
    this.#sender = sender;
    this.#keepalive = new Keepalive(pingIntervalMs(role, settings), settings.keepAliveTimeoutMs, nowMs);
  }

  get deadlineMs(): number {
    return Math.min(this.#keepalive.deadlineMs, this.#sender.stallDeadlineMs);
  }

  handleReceived(nowMs: number): void {
    this.#keepalive.handleReceived(nowMs);
  }

  /** The error of a peer that has sent nothing for too long. */
  silenceAt(nowMs: number): TimeoutError | undefined {
    if (!this.#keepalive.isPeerDead(nowMs)) return undefined;
    const message = `nothing came from the peer for ${this.#settings.keepAliveTimeoutMs} ms`;
    return new TimeoutError(message, codeOfWireError(WireError.KEEPALIVE_TIMEOUT));
  }

  /** The error of a peer that has acknowledged nothing for too long. */
  stallAt(nowMs: number): TimeoutError | undefined {
    if (nowMs < this.#sender.stallDeadlineMs) return undefined;
    const { inFlightBytes } = this.#sender.window;
    const message = `the peer acknowledged none of the ${inFlightBytes} bytes in flight for ${this.#settings.writeStallTimeoutMs} ms`;
    return new TimeoutError(message, codeOfWireError(WireError.WRITE_STALLED));
  }

  /** Whether the peer is to be asked now; it counts as asked. */
  takePing(nowMs: number): boolean {
    const isDue = this.#keepalive.isPingDue(nowMs);
    if (isDue) this.#keepalive.handlePinged(nowMs);
    return isDue;
  }
}

/** At a server still well before the peer counts as dead. */
function pingIntervalMs(role: Role, { keepAliveIntervalMs, keepAliveTimeoutMs }: EngineSettings): number {
  if (role === 'client') return keepAliveIntervalMs;
  return Math.min(keepAliveIntervalMs * SERVER_PATIENCE, (keepAliveIntervalMs + keepAliveTimeoutMs) / 2);
}

import {
  codeOfWireError,
  CONTROL_CHANNEL,
  ConnectionLostError,
  ConnectionRejectedError,
  decodeControlMessage,
  encodeControlMessage,
  encodeFrame,
  encodePreface,
  foreignAnswer,
  FrameDecoder,
  type FrameHeader,
  FrameType,
  type Hello,
  MAX_HANDSHAKE_FRAME_BYTES,
  PayloadCollector,
  PeerError,
  PREFACE_BYTES,
  prefaceError,
  ProtocolError,
  recognizePreface,
  type Reject,
  type TcpCommError,
  TimeoutError,
  toSentence,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import { type ConnectionPhase, sleepOn } from './connection-phase.ts';
import { OutputBatch } from './sending/output-batch.ts';
import { invalidChannel } from './receiving/frame-receiver.ts';
import type { Role } from './role.ts';
import { unexpectedFrame } from './receiving/session-frames.ts';

/** How the handshake of a client ends well. */
export interface ClientHandshakeEvents {
  /** The server has accepted: what follows belongs to the session. Called while bytes are being received. */
  onWelcome(welcome: Welcome): void;
  onFailed(error: TcpCommError): void;
}

/** How the handshake of a server goes on. */
export interface ServerHandshakeEvents {
  /** The client has introduced itself: answer with `welcome` or `reject`, at once or later. */
  onHello(hello: Hello): void;
  onFailed(error: TcpCommError): void;
}

/**
 * Where a handshake stands; docs/PROTOCOL.md §5 has the same as a diagram.
 *
 * A client waits for the `preface` and then the `answer`. A server waits for the `preface`, the `hello`, and its own `decision`.
 */
type HandshakeState = 'preface' | 'hello' | 'decision' | 'answer' | 'accepted' | 'failed';

/** What each side waits for once the preface has come, and the frames that may bring it. */
const EXPECTED: Record<
  Role,
  { readonly afterPreface: HandshakeState; readonly frames: Record<string, readonly number[]> }
> = {
  client: { afterPreface: 'answer', frames: { answer: [FrameType.WELCOME, FrameType.REJECT, FrameType.ERROR] } },
  server: { afterPreface: 'hello', frames: { hello: [FrameType.HELLO] } },
};

/** The first phase of a connection: who are you, and may you come in. */
abstract class Handshake<Events extends { onFailed(error: TcpCommError): void }> implements ConnectionPhase {
  onWake = sleepOn;
  /** What is not understood at once is copied. */
  readonly keepsReceived = false;
  protected readonly events: Events;

  readonly #role: Role;
  readonly #timeoutMs: number;
  readonly #deadlineMs: number;
  readonly #preface = new PayloadCollector();
  readonly #decoder = new FrameDecoder(MAX_HANDSHAKE_FRAME_BYTES);
  readonly #payload = new PayloadCollector();
  #state: HandshakeState = 'preface';
  #output: Uint8Array[] = [];

  constructor(role: Role, events: Events, timeoutMs: number, nowMs: number) {
    this.#role = role;
    this.events = events;
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = nowMs + timeoutMs;
  }

  get deadlineMs(): number {
    return this.#isTimed ? this.#deadlineMs : Infinity;
  }

  get isFinished(): boolean {
    return this.#state === 'failed';
  }

  receive(bytes: Uint8Array): number {
    try {
      const prefaceBytes = this.#state === 'preface' ? this.#receivePreface(bytes) : 0;
      if (!this.#isPending) return bytes.length;
      return prefaceBytes + this.#receiveFrames(bytes.subarray(prefaceBytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.answerTo(error);
      this.fail(error);
      return bytes.length;
    }
  }

  roomForNext(): undefined {
    return undefined;
  }

  handleEnd(): void {
    this.fail(new ConnectionLostError(`the peer ended the connection during the handshake, before its ${this.#state}`));
  }

  handleLoss(error: TcpCommError): void {
    this.fail(error);
  }

  takeOutput(): OutputBatch | undefined {
    if (this.#output.length === 0) return undefined;
    const batch = new OutputBatch();
    for (const bytes of this.#output) batch.addView(bytes);
    this.#output = [];
    return batch;
  }

  handleWritten(): void {
    // Nothing here uses its memory again.
  }

  handleDeadline(nowMs: number): void {
    if (!this.#isTimed || nowMs < this.#deadlineMs) return;
    const message = `the handshake was not complete after ${this.#timeoutMs} ms, it waited for the ${this.#state}`;
    this.fail(new TimeoutError(message, codeOfWireError(WireError.HANDSHAKE_TIMEOUT)));
  }

  protected get state(): HandshakeState {
    return this.#state;
  }

  protected queue(...frames: Uint8Array[]): void {
    this.#output.push(...frames);
    this.onWake();
  }

  protected proceedTo(state: HandshakeState): void {
    this.#state = state;
  }

  protected fail(error: TcpCommError): void {
    if (!this.#isPending) return;
    this.#state = 'failed';
    this.#decoder.stop();
    this.events.onFailed(error);
    this.onWake();
  }

  /** The peer's preface was right. */
  protected handlePreface(): void {
    // A client has nothing to say to it.
  }

  /** How to tell a peer that it spoke wrongly. */
  protected abstract answerTo(error: ProtocolError): void;

  protected abstract handleFrame(type: number, payload: Uint8Array): void;

  /** Makes `receive` return behind the current frame: what follows belongs to the session. */
  protected leaveRest(): void {
    this.#decoder.stop();
  }

  /** The peer has to be there in time; how long this side takes to decide is bounded by whoever decides. */
  get #isTimed(): boolean {
    return this.#isPending && this.#state !== 'decision';
  }

  get #isPending(): boolean {
    return this.#state !== 'accepted' && this.#state !== 'failed';
  }

  #receivePreface(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, PREFACE_BYTES - this.#preface.byteLength);
    this.#preface.append(taken);
    const soFar = this.#preface.take();
    const verdict = recognizePreface(soFar);
    if (verdict.kind === 'incomplete') {
      this.#preface.append(soFar);
    } else if (verdict.kind === 'match') {
      this.#state = EXPECTED[this.#role].afterPreface;
      this.handlePreface();
    } else {
      const error = prefaceError(verdict, soFar);
      const answer = foreignAnswer(verdict);
      if (this.#role === 'server' && answer) this.queue(answer);
      else if (verdict.kind === 'other-version') this.answerTo(error);
      this.fail(error);
    }
    return taken.length;
  }

  #receiveFrames(bytes: Uint8Array): number {
    return this.#decoder.decode(bytes, {
      onFrame: (header, piece, position) => {
        this.#handlePiece(header, piece, position);
      },
    });
  }

  #handlePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    if (!(EXPECTED[this.#role].frames[this.#state] ?? []).includes(header.type)) {
      throw unexpectedFrame(header.type, `the handshake waits for the ${this.#state}`);
    }
    if (header.channel !== CONTROL_CHANNEL) throw invalidChannel(header);
    this.#payload.append(piece);
    if (position + piece.length === header.length) this.handleFrame(header.type, this.#payload.take());
  }
}

/** The handshake as a client passes it. */
export class ClientHandshake extends Handshake<ClientHandshakeEvents> {
  constructor(hello: Hello, events: ClientHandshakeEvents, timeoutMs: number, nowMs: number) {
    super('client', events, timeoutMs, nowMs);
    const payload = encodeControlMessage(FrameType.HELLO, hello);
    this.queue(encodePreface(), encodeFrame(FrameType.HELLO, CONTROL_CHANNEL, 0, 0, payload));
  }

  protected override answerTo(): void {
    // The server cannot be helped; the error is for the application.
  }

  protected override handleFrame(type: number, payload: Uint8Array): void {
    if (type === FrameType.WELCOME) {
      const welcome = decodeControlMessage(FrameType.WELCOME, payload);
      this.proceedTo('accepted');
      this.leaveRest();
      this.events.onWelcome(welcome);
    } else if (type === FrameType.REJECT) {
      const { code, message, retryAfterMs } = decodeControlMessage(FrameType.REJECT, payload);
      this.fail(new ConnectionRejectedError(code, message, retryAfterMs));
    } else {
      const { code, message } = decodeControlMessage(FrameType.ERROR, payload);
      this.fail(new PeerError(code, message));
    }
  }
}

/** The handshake as a server conducts it. */
export class ServerHandshake extends Handshake<ServerHandshakeEvents> {
  constructor(events: ServerHandshakeEvents, timeoutMs: number, nowMs: number) {
    super('server', events, timeoutMs, nowMs);
  }

  /** One whose client has introduced itself to another one before, on another thread. */
  static afterHello(events: Omit<ServerHandshakeEvents, 'onHello'>, nowMs: number): ServerHandshake {
    const handshake = new ServerHandshake({ ...events, onHello: () => undefined }, Infinity, nowMs);
    handshake.proceedTo('decision');
    return handshake;
  }

  /** Another one goes on with the client from here. */
  leave(): void {
    if (this.state === 'decision') this.proceedTo('accepted');
  }

  /** Lets the client in. */
  welcome(welcome: Welcome): void {
    if (this.state !== 'decision') return;
    this.proceedTo('accepted');
    this.leaveRest();
    this.#send(FrameType.WELCOME, encodeControlMessage(FrameType.WELCOME, welcome));
  }

  /** Sends the client away. `onFailed` tells of it like of any other end. */
  reject(reject: Reject): void {
    if (this.state !== 'decision') return;
    this.#sendReject(reject);
    this.fail(new ConnectionRejectedError(reject.code, reject.message, reject.retryAfterMs));
  }

  protected override handlePreface(): void {
    this.queue(encodePreface());
  }

  protected override answerTo(error: ProtocolError): void {
    if (this.state === 'preface') this.queue(encodePreface());
    this.#sendReject({ code: error.wireError, message: toSentence(error.message) });
  }

  protected override handleFrame(_type: number, payload: Uint8Array): void {
    const hello = decodeControlMessage(FrameType.HELLO, payload);
    this.proceedTo('decision');
    this.events.onHello(hello);
  }

  #sendReject(reject: Reject): void {
    this.#send(FrameType.REJECT, encodeControlMessage(FrameType.REJECT, reject));
  }

  #send(type: number, payload: Uint8Array): void {
    this.queue(encodeFrame(type, CONTROL_CHANNEL, 0, 0, payload));
  }
}

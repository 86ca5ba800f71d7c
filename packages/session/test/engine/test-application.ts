import {
  type FileAbort,
  type FileOffer,
  type FileRequest,
  type FolderOffer,
  type FolderRequest,
  type Identified,
  type Settings,
  WireError,
} from '@tcpcomm/protocol';
import type { CloseReason } from '../../src/engine/ending/close-reason.ts';
import type { IncomingTransfer } from '../../src/engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from '../../src/engine/transfers/outgoing-transfer.ts';
import type { SessionEngine } from '../../src/engine/session-engine.ts';
import type { SessionEvents } from '../../src/engine/session-engine-options.ts';
import type { TransferEvents } from '../../src/engine/transfers/transfer-exchange.ts';
import { MemorySource, MemoryTarget, offerOf } from './memory-files.ts';
import { PromiseLedger } from './promise-ledger.ts';

export interface ReceivedMessage {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/** The program above one engine: it notes all that it is told, and consumes messages at once or when it is told to. */
export class TestApplication implements SessionEvents, TransferEvents {
  readonly messages: ReceivedMessage[] = [];
  readonly settings: Settings[] = [];
  readonly closeReasons: CloseReason[] = [];
  readonly lossReasons: CloseReason[] = [];
  /** The machine ids that the peer asked for, what it is told, and what this side was told. */
  readonly identities: string[] = [];
  identifyAnswer: Identified = {};
  readonly identified: Identified[] = [];
  /** Transfers that the peer ended and that were not open: id and code. */
  readonly abandoned: [number, number][] = [];
  /** What the peer asked for or offered, by path. */
  readonly asked: string[] = [];
  readonly sources: MemorySource[] = [];
  readonly targets: MemoryTarget[] = [];
  readonly promises = new PromiseLedger();
  /** How many messages of each channel are with the kernel. */
  readonly writtenMessages = new Map<number, number>();
  /** What the peer may fetch. */
  readonly files = new Map<string, Uint8Array>();
  /** Does with a message what is to be done besides noting it. */
  onReceived: (channel: number, bytes: Uint8Array) => void = () => undefined;

  readonly #withheldChannels = new Set<number>();
  readonly #unconsumed = new Map<number, number[]>();
  #engine: SessionEngine | undefined;

  get engine(): SessionEngine {
    if (this.#engine === undefined) throw new Error('there is no session yet');
    return this.#engine;
  }

  set engine(engine: SessionEngine) {
    this.#engine = engine;
  }

  get hasSession(): boolean {
    return this.#engine !== undefined;
  }

  /** Sends a message and notes what its promises do. */
  send(channel: number, bytes: Uint8Array, confirm = false): void {
    const outgoing = this.engine.conversation.channels.outgoing(channel);
    this.engine.conversation.send(outgoing, bytes, confirm);
    const name = `message ${outgoing.acceptedMessages} on ${channel}`;
    this.promises.add(`${name} below mark`, outgoing.whenBelowMark(0));
    if (confirm) this.promises.add(`${name} consumed`, outgoing.whenConsumed());
  }

  messagesOn(channel: number): Uint8Array[] {
    return this.messages.filter((message) => message.channel === channel).map(({ bytes }) => bytes);
  }

  /** Consumes nothing of this channel from now on. */
  withhold(channel: number): void {
    this.#withheldChannels.add(channel);
  }

  /** Consumes what waits on the channel, and again at once what comes. */
  release(channel: number): void {
    this.#withheldChannels.delete(channel);
    this.consumeWaiting(channel);
  }

  /** Consumes what waits on the channel. */
  consumeWaiting(channel: number): void {
    const waiting = this.#unconsumed.get(channel) ?? [];
    for (const creditBytes of waiting.splice(0)) this.engine.conversation.consume(channel, creditBytes, 0);
  }

  sendFile(path: string, content: Uint8Array): MemorySource {
    const source = new MemorySource(this.engine.transfers.beginOutgoing(), content, this.promises);
    this.sources.push(source);
    source.transfer.offer(offerOf(path, content.length));
    return source;
  }

  getFile(path: string): MemoryTarget {
    const target = new MemoryTarget(this.engine.transfers.beginIncoming());
    this.targets.push(target);
    target.transfer.request({ path });
    return target;
  }

  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.messages.push({ channel, bytes: bytes.slice() });
    const waiting = this.#unconsumed.get(channel) ?? [];
    this.#unconsumed.set(channel, waiting);
    waiting.push(creditBytes);
    this.onReceived(channel, bytes);
    if (!this.#withheldChannels.has(channel)) this.consumeWaiting(channel);
  }

  onMessagesWritten(channel: number, messages: number): void {
    this.writtenMessages.set(channel, (this.writtenMessages.get(channel) ?? 0) + messages);
  }

  onSettings(settings: Settings): void {
    this.settings.push(settings);
  }

  onIdentify(machineId: string, answer: (identified: Identified) => void): void {
    this.identities.push(machineId);
    answer(this.identifyAnswer);
  }

  onIdentified(answer: Identified): void {
    this.identified.push(answer);
  }

  onAbandoned(id: number, { code }: FileAbort): void {
    this.abandoned.push([id, code]);
  }

  onLost(reason: CloseReason): void {
    this.lossReasons.push(reason);
  }

  onClosed(reason: CloseReason): void {
    this.closeReasons.push(reason);
  }

  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void {
    this.asked.push(request.path);
    const content = this.files.get(request.path);
    const source = new MemorySource(transfer, content ?? new Uint8Array(0), this.promises);
    this.sources.push(source);
    if (content === undefined) {
      source.outcome = new Error('no such file');
      transfer.abort(WireError.FILE_NOT_FOUND, 'no such file');
    } else transfer.offer(offerOf(request.path, content.length));
  }

  onFolderRequest(transfer: OutgoingTransfer, { path }: FolderRequest): void {
    this.asked.push(path);
    transfer.abort(WireError.FILE_NOT_FOUND, 'this program has no folders');
  }

  onFolderOffer(transfer: IncomingTransfer, { path }: FolderOffer): void {
    this.asked.push(path);
    transfer.abort(WireError.FILES_NOT_OFFERED, 'this program takes no folders');
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    this.asked.push(offer.path);
    const target = new MemoryTarget(transfer);
    this.targets.push(target);
    target.onOffer();
  }
}

import type { TcpCommError } from '@tcpcomm/protocol';
import type { SendPolicy, SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { IncomingTransfer, IncomingTransferHandler } from '../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../engine/transfers/outgoing-transfer.ts';
import { FileTransfer, type TransferSending } from '../file-transfer.ts';
import type { TransferRecord } from '../transfer-record.ts';
import type { Mover, MoverParts } from './mover.ts';

export interface TransferCourseEvents {
  /** It has its turn, and an id. */
  onTurn(course: TransferCourse): void;
  onBegun(file: FileTransfer): void;
  changePolicy(policy: SendPolicy, options: SendPolicyOptions): void;
  onListenerFailed(error: unknown): void;
}

/**
 * One transfer of this end from when it is wanted until it has ended, over however many connections: what its user holds, and who moves it
 * once it has its turn.
 */
export class TransferCourse {
  readonly file: FileTransfer;
  readonly #record: TransferRecord;
  readonly #events: TransferCourseEvents;
  #mover: Mover | undefined;
  #transfer: IncomingTransfer | OutgoingTransfer | undefined;
  #sending: (() => TransferSending) | undefined;
  /** What was set, for whichever connection it has its turn on. */
  #policy: SendPolicyOptions = {};
  #isPaused = false;

  constructor(record: TransferRecord, events: TransferCourseEvents) {
    this.#record = record;
    this.#events = events;
    this.file = new FileTransfer(
      record,
      {
        cancel: (error) => {
          if (this.#mover && !this.isInterrupted) this.#mover.giveUp(error);
          else record.fail(error);
        },
        sending: () => this.#sending?.(),
        changePolicy: (options) => {
          this.#policy = { ...this.#policy, ...options };
          this.#applyPolicy(options);
        },
        pause: (isPaused) => {
          this.#isPaused = isPaused;
          this.#transfer?.pause(isPaused);
        },
      },
      events.onListenerFailed.bind(events),
    );
  }

  /** Whether it had its turn on a connection that was lost, and waits for another one. */
  get isInterrupted(): boolean {
    return this.#mover !== undefined && this.#transfer === undefined;
  }

  /** What whoever moves it needs to tell of it. */
  get parts(): Omit<MoverParts, 'transfer'> {
    return {
      record: this.#record,
      onBegin: () => {
        this.#events.onBegun(this.file);
      },
      onInterrupted: () => {
        this.#transfer = undefined;
        this.#sending = undefined;
        this.#record.interrupt();
      },
    };
  }

  /** It has its turn. */
  take(transfer: IncomingTransfer, mover: Mover & IncomingTransferHandler): void;
  take(transfer: OutgoingTransfer, mover: Mover & OutgoingTransferHandler, sending: () => TransferSending): void;
  take(
    transfer: IncomingTransfer | OutgoingTransfer,
    mover: Mover & IncomingTransferHandler & OutgoingTransferHandler,
    sending?: () => TransferSending,
  ): void {
    transfer.handler = mover;
    this.#record.id = transfer.id;
    this.#transfer = transfer;
    this.#mover = mover;
    this.#sending = sending;
    this.#events.onTurn(this);
    this.#applyPolicy(this.#policy);
    if (this.#isPaused) transfer.pause(true);
  }

  /** While it is interrupted it was heard that the receiver has everything. */
  confirm(path: string | undefined): void {
    this.#mover?.confirm(path);
  }

  /** It will have no other turn. */
  fail(error: TcpCommError): void {
    this.#record.fail(error);
  }

  #applyPolicy(options: SendPolicyOptions): void {
    if (this.#transfer && 'policy' in this.#transfer) this.#events.changePolicy(this.#transfer.policy, options);
  }
}

import type { TcpCommError } from '@tcpcomm/protocol';
import type { SendPolicy, SendPolicyOptions } from '../engine/sending/send-policy.ts';
import type { IncomingTransfer, IncomingTransferHandler } from '../engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer, OutgoingTransferHandler } from '../engine/transfers/outgoing-transfer.ts';
import { FileTransfer, type TransferSending } from '../file-transfer.ts';
import type { TransferRecord } from '../transfer-record.ts';
import type { Mover } from './mover.ts';

export interface TransferCourseEvents {
  onBegun(file: FileTransfer): void;
  changePolicy(policy: SendPolicy, options: SendPolicyOptions): void;
  onListenerFailed(error: unknown): void;
}

/** One transfer of this end from when it is wanted until it has ended: what its user holds, and who moves it once it has its turn. */
export class TransferCourse {
  readonly file: FileTransfer;
  readonly #record: TransferRecord;
  readonly #events: TransferCourseEvents;
  #mover: Mover | undefined;
  #transfer: IncomingTransfer | OutgoingTransfer | undefined;
  #sending: (() => TransferSending) | undefined;
  /** What was set before it had its turn. */
  #policy: SendPolicyOptions = {};
  #isPaused = false;

  constructor(record: TransferRecord, events: TransferCourseEvents) {
    this.#record = record;
    this.#events = events;
    this.file = new FileTransfer(
      record,
      {
        cancel: (error) => {
          if (this.#mover) this.#mover.giveUp(error);
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

  /** What whoever moves it needs to tell of it. */
  get parts(): { readonly record: TransferRecord; readonly onBegin: () => void } {
    return {
      record: this.#record,
      onBegin: () => {
        this.#events.onBegun(this.file);
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
    this.#applyPolicy(this.#policy);
    if (this.#isPaused) transfer.pause(true);
  }

  /** It will have none. */
  fail(error: TcpCommError): void {
    this.#record.fail(error);
  }

  #applyPolicy(options: SendPolicyOptions): void {
    if (this.#transfer && 'policy' in this.#transfer) this.#events.changePolicy(this.#transfer.policy, options);
  }
}

import type { ControlMessage } from '@tcpcomm/protocol';
import type { CreditSource } from '../../src/engine/sending/control-queue.ts';
import { OutputBatch } from '../../src/engine/sending/output-batch.ts';
import type { FrameSource } from '../../src/engine/sending/scheduler.ts';
import type { TransferFrameType, TransferHost } from '../../src/engine/transfers/transfer.ts';
import { controlFrame, describeFrame, FrameReader, joinBytes } from './frames.ts';

/** What stands above one transfer: it keeps what the transfer sends, in the words of `describeFrame`, and what it is told. */
export class TransferDesk implements TransferHost {
  readonly #said: string[] = [];
  readonly #sources = new Set<FrameSource>();
  isCreditDue = false;
  isForgotten = false;

  sendControl<Type extends TransferFrameType>(type: Type, transferId: number, message: ControlMessage<Type>): void {
    const frames = new FrameReader().read(controlFrame(type, message, transferId));
    this.#said.push(...frames.map(describeFrame));
  }

  activate(source: FrameSource): void {
    this.#sources.add(source);
  }

  handleCreditDue(source: CreditSource): void {
    this.isCreditDue = source.stream > 0;
  }

  forget(): void {
    this.isForgotten = true;
  }

  /** What the transfer has said since the last time, and the frames that were waiting for their turn. */
  take(maxPayloadBytes = 1000): string[] {
    const batch = new OutputBatch();
    for (const source of this.#sources) while (source.isReady) source.takeFrame(maxPayloadBytes, batch);
    this.#sources.clear();
    const frames = new FrameReader().read(joinBytes(...batch.finish()));
    return [...this.#said.splice(0), ...frames.map(describeFrame)];
  }
}

import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { ArrayDescription } from '@tcpcomm/large-array';
import type {
  CloseReason,
  FileTransfer,
  LostWorker,
  RejectedConnection,
  ServerSession,
  TcpCommServer,
} from '@tcpcomm/server';
import type { ImageOutcome } from './images/image-outcome.ts';
import type { ClientPortrait } from './questions/questions.ts';
import type { ServerReport } from './server-report.ts';
import type { ServerSettings } from './server-settings.ts';
import { printJsonLine } from './terminal/json-line.ts';
import { imageFacts } from './terminal/json-image.ts';
import { errorFacts, printProgressAsJson, resultFacts } from './terminal/json-transfer.ts';

/** Tells programs: one JSON object a line, each with its `event`. */
export class JsonReport implements ServerReport {
  readonly #settings: ServerSettings;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  listening({ address, port }: AddressInfo, { info }: TcpCommServer): void {
    const { root, images = root, bytesPerSecond, totalBytesPerSecond } = this.#settings;
    printJsonLine({
      event: 'listening',
      host: address,
      port,
      root: root === undefined ? null : resolve(root),
      images: images === undefined ? null : resolve(images),
      bytesPerSecond: finiteOrNull(bytesPerSecond),
      totalBytesPerSecond: finiteOrNull(totalBytesPerSecond),
      threading: info.threading,
      workers: info.workers.length,
    });
  }

  workerLost({ threadId, sessions, error }: LostWorker): void {
    printJsonLine({ event: 'workerLost', threadId, sessions, ...errorFacts(error) });
  }

  sessionOpened(session: ServerSession): void {
    printJsonLine({ event: 'session', ...identity(session), remoteAddress: session.remoteAddress });
  }

  clientAnswered(portrait: ClientPortrait, session: ServerSession): void {
    printJsonLine({ event: 'client', ...identity(session), ...portrait });
  }

  sessionSuspended(session: ServerSession): void {
    printJsonLine({ event: 'sessionSuspended', ...identity(session) });
  }

  sessionResumed(session: ServerSession): void {
    printJsonLine({ event: 'sessionResumed', ...identity(session) });
  }

  sessionClosed(session: ServerSession, { by, code, message, isClean }: CloseReason): void {
    printJsonLine({ event: 'sessionClosed', ...identity(session), by, code, message, isClean });
  }

  rejected({ error, machineId, remoteAddress }: RejectedConnection): void {
    printJsonLine({ event: 'rejected', machineId, remoteAddress, code: error.code, message: error.message });
  }

  message({ text, listeners, bytes, channel }: Parameters<ServerReport['message']>[0], session: ServerSession): void {
    printJsonLine({ event: 'message', ...identity(session), channel, bytes: bytes.length, text, listeners });
  }

  transferBegan(transfer: FileTransfer, session: ServerSession): void {
    const startMs = performance.now();
    const { direction, name } = transfer;
    printProgressAsJson(transfer, session, identity(session));
    transfer.done.then(
      (result) => {
        const facts = resultFacts(transfer, result, performance.now() - startMs);
        printJsonLine({ event: 'transfer', ...identity(session), state: transfer.state, ...facts });
      },
      (error: unknown) => {
        const facts = errorFacts(error as Error);
        printJsonLine({ event: 'transfer', ...identity(session), state: transfer.state, direction, name, ...facts });
      },
    );
  }

  transferRefused(transfer: FileTransfer, error: Error, session: ServerSession | undefined): void {
    const { direction, name, state } = transfer;
    const who = session && identity(session);
    printJsonLine({ event: 'transfer', ...who, direction, name, state, ...errorFacts(error) });
  }

  imageMoves(): void {
    // What came of it is told.
  }

  imageKept(id: number, outcome: ImageOutcome, session: ServerSession): void {
    const { root, images = root } = this.#settings;
    const path = outcome.png && images !== undefined ? resolve(images, outcome.png.name) : undefined;
    printJsonLine({ event: 'image', ...identity(session), id, ...imageFacts(outcome), path });
  }

  imageFailed(error: Error, array: ArrayDescription | undefined, session: ServerSession): void {
    const { id, label } = array ?? {};
    printJsonLine({ event: 'image', ...identity(session), id, label, ...errorFacts(error) });
  }

  problem(error: Error): void {
    printJsonLine({ event: 'problem', ...errorFacts(error) });
  }

  closing(runningTransfers: number): void {
    printJsonLine({ event: 'closing', runningTransfers });
  }

  closed(): void {
    printJsonLine({ event: 'closed' });
  }

  failed(error: Error, advice: string | undefined): void {
    printJsonLine({ event: 'error', ...errorFacts(error), advice });
  }
}

function identity({ sessionId, machineId }: ServerSession): { sessionId: number; machineId: string } {
  return { sessionId, machineId };
}

/** JSON has no Infinity. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

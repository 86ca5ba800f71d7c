import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';
import { errorFacts, printJsonLine, printProgressAsJson, resultFacts } from '@tcpcomm/demo-server';
import type { ClientReport } from './client-report.ts';

/** Tells programs: one JSON object a line, each with its `event`; what comes of a command is a `result` or an `error`. */
export class JsonReport implements ClientReport {
  readonly #quiet: boolean;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  transferAsked(transfer: FileTransfer, client: TcpCommClient): void {
    const startMs = performance.now();
    if (!this.#quiet) printProgressAsJson(transfer, client);
    transfer.done.then(
      (result) => printJsonLine({ event: 'result', ...resultFacts(transfer, result, performance.now() - startMs) }),
      // Whoever waits for it says what went wrong.
      () => undefined,
    );
  }

  textTaken(text: string, channel: number, elapsedMs: number): void {
    printJsonLine({ event: 'result', channel, text, elapsedMs });
  }

  textArrived(text: string, channel: number): void {
    printJsonLine({ event: 'text', channel, text });
  }

  note(text: string): void {
    if (!this.#quiet) printJsonLine({ event: 'note', text });
  }

  failed(error: Error, advice: string | undefined): void {
    printJsonLine({ event: 'error', ...errorFacts(error), advice });
  }

  interrupted(): void {
    printJsonLine({ event: 'interrupted' });
  }
}

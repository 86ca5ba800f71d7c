import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';
import {
  errorFacts,
  imageFacts,
  type ImageOutcome,
  JsonArrayProgress,
  type Participant,
  printJsonLine,
  printProgressAsJson,
  resultFacts,
  type ServerPortrait,
} from '@tcpcomm/demo-server';
import type { ArrayProgress } from '@tcpcomm/large-array';
import type { FolderEntry } from '@tcpcomm/session';
import type { ClientReport } from './client-report.ts';
import { IncompleteFolderError } from './incomplete-folder-error.ts';
import { totalsOf } from './listing.ts';
import type { Retry } from './retry-plan.ts';

/** Tells programs: one JSON object a line, each with its `event`; what comes of a command is a `result` or an `error`. */
export class JsonReport implements ClientReport {
  readonly #quiet: boolean;
  #imageProgress: JsonArrayProgress | undefined;

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

  transferBegan({ direction, name, resumedFromBytes, restartReason, progress }: FileTransfer): void {
    if (this.#quiet) return;
    const { totalBytes } = progress;
    if (restartReason !== undefined) printJsonLine({ event: 'restarted', direction, name, reason: restartReason });
    else if (resumedFromBytes > 0) printJsonLine({ event: 'resumed', direction, name, resumedFromBytes, totalBytes });
  }

  listed(folder: string, entries: readonly FolderEntry[]): void {
    for (const { path, type, sizeBytes, modifiedMs } of entries) {
      printJsonLine({ event: 'entry', path, type, sizeBytes, modified: new Date(modifiedMs).toISOString() });
    }
    printJsonLine({ event: 'result', folder, ...totalsOf(entries) });
  }

  imageMoves(progress: ArrayProgress): void {
    if (this.#quiet) return;
    this.#imageProgress ??= new JsonArrayProgress(progress.label ?? '');
    this.#imageProgress.handle(progress);
  }

  imageKept(outcome: ImageOutcome, elapsedMs: number): void {
    printJsonLine({ event: 'result', ...imageFacts(outcome), elapsedMs: Math.round(elapsedMs) });
  }

  imageStopped(): void {
    // The error is told.
  }

  participantsListed(participants: readonly Participant[]): void {
    for (const { portrait, ...participant } of participants) {
      printJsonLine({ event: 'participant', ...participant, ...portrait });
    }
    printJsonLine({ event: 'result', sessions: participants.length });
  }

  serverPortrayed(portrait: ServerPortrait, elapsedMs: number): void {
    printJsonLine({ event: 'result', ...portrait, elapsedMs: Number(elapsedMs.toFixed(3)) });
  }

  textTaken(text: string, channel: number, elapsedMs: number): void {
    printJsonLine({ event: 'result', channel, text, elapsedMs });
  }

  textArrived(text: string, channel: number): void {
    printJsonLine({ event: 'text', channel, text });
  }

  retrying(error: Error, { attempt, maxAttempts, pauseMs }: Retry): void {
    if (!this.#quiet) printJsonLine({ event: 'retry', ...errorFacts(error), attempt, maxAttempts, pauseMs });
  }

  note(text: string): void {
    if (!this.#quiet) printJsonLine({ event: 'note', text });
  }

  failed(error: Error, advice: string | undefined): void {
    if (error instanceof IncompleteFolderError) {
      for (const { path, error: why } of error.failed) printJsonLine({ event: 'failed', path, ...errorFacts(why) });
    }
    printJsonLine({ event: 'error', ...errorFacts(error), advice });
  }

  interrupted(advice: string | undefined): void {
    printJsonLine({ event: 'interrupted', advice });
  }
}

import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';
import {
  ArrayBoard,
  doneLine,
  failedEntryLines,
  formatBytes,
  formatCount,
  formatDuration,
  imageLines,
  type ImageOutcome,
  type Participant,
  printable,
  Screen,
  type ServerPortrait,
  TransferBoard,
  transferTitle,
  viewSending,
} from '@tcpcomm/demo-server';
import type { ArrayProgress } from '@tcpcomm/large-array';
import type { FolderEntry } from '@tcpcomm/session';
import type { ClientReport } from './client-report.ts';
import { IncompleteFolderError } from './incomplete-folder-error.ts';
import { listingLines, totalsLine, totalsOf } from './listing.ts';
import { participantLines, serverLine } from './questions/portrait-lines.ts';
import type { Retry } from './retry-plan.ts';

/** A command sends one only. */
const IMAGE = 'image';

/** Tells people: what happens on the standard output, what went wrong on the error output. */
export class TextReport implements ClientReport {
  readonly #screen: Screen;
  readonly #board: TransferBoard;
  readonly #arrays: ArrayBoard;
  readonly #errors: Screen;
  readonly #quiet: boolean;

  constructor(screen: Screen, quiet: boolean, errors = new Screen(process.stderr)) {
    this.#screen = screen;
    this.#errors = errors;
    this.#board = new TransferBoard(screen);
    this.#arrays = new ArrayBoard(this.#board);
    this.#quiet = quiet;
  }

  transferAsked(transfer: FileTransfer, client: TcpCommClient): void {
    if (this.#quiet) return;
    const startMs = performance.now();
    const { direction, name } = transfer;
    client.cpuMonitor.start();
    this.#board.footer = () => (this.#board.size > 0 ? cpuLines(client.cpuMonitor.threadUsage) : []);
    const update = () => {
      if (transfer.state !== 'active') return;
      const sending = viewSending(transfer, client);
      this.#board.update(transfer, { direction, name, progress: transfer.progress, sending });
    };
    transfer.on('progress', update);
    transfer.done.then(
      (result) => this.#board.end(transfer, doneLine(transfer, result, performance.now() - startMs, this.#screen)),
      // Whoever waits for it says what went wrong.
      () => this.#board.end(transfer),
    );
  }

  transferBegan(transfer: FileTransfer): void {
    const { resumedFromBytes, restartReason, progress } = transfer;
    if (restartReason !== undefined) {
      this.note(`${transferTitle(transfer)}  begins anew: ${printable(restartReason)}`);
    } else if (resumedFromBytes > 0) {
      const saved = `${formatBytes(resumedFromBytes)} need not be sent again`;
      this.note(`${transferTitle(transfer)}  resumed at ${progress.percent} %, ${saved}`);
    }
  }

  listed(_folder: string, entries: readonly FolderEntry[]): void {
    const totals = this.#screen.paint('dim', totalsLine(totalsOf(entries)));
    const lines = [...listingLines(entries), ...(this.#quiet ? [] : [totals])];
    if (lines.length > 0) this.#screen.print(lines.join('\n'));
  }

  imageMoves(progress: ArrayProgress): void {
    const { direction, label = '' } = progress;
    if (!this.#quiet) this.#arrays.update(IMAGE, { direction, name: label }, progress);
  }

  imageKept(outcome: ImageOutcome, elapsedMs: number): void {
    if (this.#quiet) return;
    const lines = [
      ...imageLines({ direction: 'outgoing' }, outcome, elapsedMs, this.#screen),
      ...keptLines(outcome).map((line) => this.#screen.paint('dim', line)),
    ];
    this.#arrays.end(IMAGE, lines.join('\n'));
  }

  imageStopped(): void {
    this.#arrays.end(IMAGE);
  }

  participantsListed(participants: readonly Participant[]): void {
    const total = this.#screen.paint('dim', formatCount(participants.length, 'session'));
    this.#screen.print([...participantLines(participants), ...(this.#quiet ? [] : [total])].join('\n'));
  }

  serverPortrayed(portrait: ServerPortrait, elapsedMs: number): void {
    const took = this.#screen.paint('dim', `answered after ${formatDuration(elapsedMs)}`);
    this.#screen.print(`${serverLine(portrait)}${this.#quiet ? '' : `  ${took}`}`);
  }

  textTaken(text: string, channel: number, elapsedMs: number): void {
    if (this.#quiet) return;
    const took = this.#screen.paint('dim', `taken by the server after ${formatDuration(elapsedMs)}`);
    this.#screen.print(`${this.#screen.paint('green', '✓')} channel ${channel}: ${printable(text)}  ${took}`);
  }

  textArrived(text: string, channel: number): void {
    const [, speaker, said] = /^([^:]{1,256}): (.*)$/s.exec(text) ?? [];
    const line =
      speaker === undefined
        ? printable(text)
        : `${this.#screen.paint('bold', printable(speaker))}: ${printable(said ?? '')}`;
    this.#screen.print(`${this.#screen.paint('dim', `[${channel}]`)} ${line}`);
  }

  retrying(error: Error, { attempt, maxAttempts, pauseMs }: Retry): void {
    if (this.#quiet) return;
    const again = `Trying again in ${formatDuration(pauseMs)} (attempt ${attempt} of ${maxAttempts}) ...`;
    this.#screen.print(this.#screen.paint('yellow', `${whatHappened(error)}. ${again}`));
  }

  note(text: string): void {
    if (!this.#quiet) this.#screen.print(this.#screen.paint('dim', text));
  }

  failed(error: Error, advice: string | undefined): void {
    const screen = this.#errorScreen;
    const isCancelled = (error as { code?: unknown }).code === 'ERR_TCPCOMM_TRANSFER_CANCELLED';
    const what = isCancelled
      ? printable(error.message)
      : `${screen.paint(['bold', 'red'], 'error:')} ${printable(error.message)}`;
    const which = error instanceof IncompleteFolderError ? failedEntryLines(error.failed, screen) : [];
    screen.print([what, ...which, ...(advice === undefined ? [] : [advice])].join('\n'));
  }

  interrupted(advice: string | undefined): void {
    if (!this.#quiet) this.#errorScreen.print(advice === undefined ? 'cancelled' : `stopped\n${advice}`);
  }

  /** Where both outputs are one terminal, one screen knows what is on it. */
  get #errorScreen(): Screen {
    return this.#screen.isLive && this.#errors.isLive ? this.#screen : this.#errors;
  }
}

/** Where the server has put an image. */
function keptLines({ png, examinedMs }: ImageOutcome): string[] {
  const took = `looked at in ${formatDuration(examinedMs)}`;
  if (png === undefined) return [`  not kept, the server was started with neither --images nor --root  ${took}`];
  const lines = [`  kept by the server as ${printable(png.name)}, ${formatBytes(png.bytes)}  ${took}`];
  if (png.isOffered) lines.push(`  fetch it: npx --yes pnpm@12 demo:client get "${printable(png.name)}"`);
  return lines;
}

/** What the connection and its files cost; nothing until it has been measured. */
function cpuLines(threadUsage: number | undefined): string[] {
  return threadUsage === undefined ? [] : [`background thread: ${Math.round(threadUsage)} % of a core`];
}

/** As the beginning of a sentence. */
function whatHappened(error: Error): string {
  if ((error as { code?: unknown }).code === 'ERR_TCPCOMM_CONNECTION_LOST') return 'Connection lost';
  const text = printable(error.message);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import type { FileTransfer, TcpCommClient } from '@tcpcomm/client';
import { doneLine, formatDuration, printable, Screen, TransferBoard, viewSending } from '@tcpcomm/demo-server';
import type { ClientReport } from './client-report.ts';

/** Tells people: what happens on the standard output, what went wrong on the error output. */
export class TextReport implements ClientReport {
  readonly #screen: Screen;
  readonly #board: TransferBoard;
  readonly #errors = new Screen(process.stderr);
  readonly #quiet: boolean;

  constructor(screen: Screen, quiet: boolean) {
    this.#screen = screen;
    this.#board = new TransferBoard(screen);
    this.#quiet = quiet;
  }

  transferAsked(transfer: FileTransfer, client: TcpCommClient): void {
    if (this.#quiet) return;
    const startMs = performance.now();
    const { direction, name } = transfer;
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

  note(text: string): void {
    if (!this.#quiet) this.#screen.print(this.#screen.paint('dim', text));
  }

  failed(error: Error, advice: string | undefined): void {
    const screen = this.#errorScreen;
    const isCancelled = (error as { code?: unknown }).code === 'ERR_TCPCOMM_TRANSFER_CANCELLED';
    const what = isCancelled
      ? printable(error.message)
      : `${screen.paint(['bold', 'red'], 'error:')} ${printable(error.message)}`;
    screen.print(advice === undefined ? what : `${what}\n${advice}`);
  }

  interrupted(): void {
    if (!this.#quiet) this.#errorScreen.print('cancelled');
  }

  /** Where both outputs are one terminal, one screen knows what is on it. */
  get #errorScreen(): Screen {
    return this.#screen.isLive && this.#errors.isLive ? this.#screen : this.#errors;
  }
}

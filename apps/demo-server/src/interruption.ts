/** By convention a program that a signal ends has the status 128 + the signal's number. */
const STATUS_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type InterruptingSignal = keyof typeof STATUS_OF_SIGNAL;

/**
 * Ctrl-C and its relatives: the first one aborts `signal`, so that the program can end in good order; each further one calls
 * `onAgain`, for those who cannot wait. While it lasts no such signal ends the process.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onAgain: () => void;
  #exitStatus: number = STATUS_OF_SIGNAL.SIGINT;

  constructor(onAgain: () => void) {
    this.#onAgain = onAgain;
    for (const name of signalNames()) process.on(name, this.#handle);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit status that tells of the signal. */
  get exitStatus(): number {
    return this.#exitStatus;
  }

  /** As if a signal had come. */
  trigger(name: InterruptingSignal = 'SIGINT'): void {
    this.#handle(name);
  }

  [Symbol.dispose](): void {
    for (const name of signalNames()) process.removeListener(name, this.#handle);
  }

  readonly #handle = (name: NodeJS.Signals): void => {
    if (this.signal.aborted) {
      this.#onAgain();
      return;
    }
    this.#exitStatus = STATUS_OF_SIGNAL[name as InterruptingSignal];
    this.#controller.abort(new Error(`interrupted by ${name}`));
  };
}

function signalNames(): InterruptingSignal[] {
  return Object.keys(STATUS_OF_SIGNAL) as InterruptingSignal[];
}

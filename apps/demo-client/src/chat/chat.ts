import { createInterface, type Interface } from 'node:readline';
import type { FileTransfer } from '@tcpcomm/client';
import type { Screen } from '@tcpcomm/demo-server';
import { SessionClosedError } from '@tcpcomm/protocol';
import { adviceFor } from '../advice.ts';
import { listFolder } from '../list-command.ts';
import type { CommandContext } from '../run-command.ts';
import { sendText } from '../text-command.ts';
import {
  completion,
  requireSource,
  requireTarget,
  startGet,
  startSend,
  type TransferSettings,
} from '../transfer-commands.ts';
import { CHAT_HELP, type ChatLine, parseChatLine } from './chat-line.ts';

export interface ChatOptions {
  readonly channel: number;
  /** Where the input line stands; undefined if the lines come from a file or a program. */
  readonly screen: Screen | undefined;
}

const SETTINGS = { overwrite: 'replace', integrity: 'xxh64' } as const;

/** Sends the lines of the standard input and shows what others say, until `/quit`, the end of the input or of the session. */
export async function chat(context: CommandContext, options: ChatOptions): Promise<void> {
  await new Chat(context, options).run();
}

class Chat {
  readonly #context: CommandContext;
  readonly #options: ChatOptions;
  readonly #transfers = new Set<FileTransfer>();
  /** Texts and files on their way. */
  readonly #pending = new Set<Promise<void>>();
  #failures = 0;

  constructor(context: CommandContext, options: ChatOptions) {
    this.#context = context;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { client, report, interruption, options } = this.#context;
    const decoder = new TextDecoder();
    client.on('message', (bytes, channel) => report.textArrived(decoder.decode(bytes), channel));
    const input = this.#openInput();
    const close = () => input.close();
    void client.closed.then(close);
    interruption.signal.addEventListener('abort', close);
    report.note(`You are ${options.machineId} on channel ${this.#options.channel}. /help tells what there is.`);
    if (this.#options.screen) input.prompt();
    for await (const line of input) {
      if (!this.#obey(parseChatLine(line))) break;
    }
    input.close();
    if (this.#transfers.size > 0) report.note('Waiting for the files that still move; Ctrl-C cancels them.');
    await Promise.all(this.#pending);
    interruption.signal.throwIfAborted();
    if (!client.isOpen) throw new SessionClosedError(`the server is gone: ${(await client.closed).message}`);
    // A person has seen what failed; a program looks at the exit status.
    if (this.#failures > 0 && !this.#options.screen) throw new Error(`${this.#failures} of what was asked for failed`);
  }

  #openInput(): Interface {
    const { screen } = this.#options;
    if (screen === undefined) return createInterface({ input: process.stdin, crlfDelay: Infinity });
    const prompt = screen.paint('cyan', '> ');
    const input = createInterface({ input: process.stdin, output: process.stdout, prompt });
    screen.attachInput(input);
    input.on('SIGINT', () => {
      if (this.#transfers.size === 0) this.#context.interruption.trigger();
      for (const transfer of this.#transfers) transfer.cancel();
    });
    return input;
  }

  /** Returns whether the chat goes on. */
  #obey(line: ChatLine): boolean {
    const context = this.#context;
    switch (line.kind) {
      case 'nothing':
        break;
      case 'text':
        this.#track(sendText(context, line.text, this.#options.channel));
        break;
      case 'ls':
        this.#track(listFolder(context, line.path, line.isRecursive));
        break;
      case 'get':
        this.#track(this.#get(line.remote, line.local, { ...SETTINGS, isRecursive: line.isRecursive }));
        break;
      case 'send':
        this.#track(this.#send(line.local, line.remote, { ...SETTINGS, isRecursive: line.isRecursive }));
        break;
      case 'help':
        context.report.note(CHAT_HELP);
        break;
      case 'mistake':
        this.#fail(new Error(line.message));
        break;
      case 'quit':
        return false;
    }
    return true;
  }

  async #get(remote: string, local: string | undefined, settings: TransferSettings): Promise<void> {
    await requireTarget(local);
    await this.#follow(startGet(this.#context, remote, local, settings));
  }

  async #send(local: string, remote: string | undefined, settings: TransferSettings): Promise<void> {
    await requireSource(local, settings.isRecursive);
    await this.#follow(startSend(this.#context, local, remote, settings));
  }

  async #follow(transfer: FileTransfer): Promise<void> {
    this.#transfers.add(transfer);
    try {
      await completion(transfer);
    } finally {
      this.#transfers.delete(transfer);
    }
  }

  #track(work: Promise<void>): void {
    const settled = work
      .catch((error: unknown) => this.#fail(error as Error))
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  #fail(error: Error): void {
    const { interruption, report, options } = this.#context;
    this.#failures += 1;
    if (!interruption.signal.aborted) report.failed(error, adviceFor(error, options));
  }
}

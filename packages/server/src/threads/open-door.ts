import { toCloneable } from '@tcpcomm/session';
import { FrontDoor } from '../front-door.ts';
import type { LocalApplicant } from '../local-applicant.ts';
import type { ReceptionSetup } from '../reception.ts';
import type { FromDoor, ToDoor } from './worker-messages.ts';

/** The door of this worker: clients come in here, and the thread of the server decides. */
export class OpenDoor {
  readonly #tell: (message: FromDoor) => void;
  readonly #door: FrontDoor;
  readonly #waiting = new Map<number, LocalApplicant>();
  #lastId = 0;

  constructor(setup: ReceptionSetup, tell: (message: FromDoor) => void) {
    this.#tell = tell;
    this.#door = new FrontDoor(setup, {
      onApplicant: this.#announce.bind(this),
      onRejected: (rejected) => {
        tell({ kind: 'rejected', rejected: toCloneable({ ...rejected }) });
      },
      onAcceptFailed: (error) => {
        tell({ kind: 'accept-failed', error: toCloneable(error) });
      },
    });
  }

  handle(message: ToDoor): void {
    if (message.kind === 'listen') void this.#open(message.port, message.host);
    else if (message.kind === 'reject') this.#waiting.get(message.id)?.reject(message.reject);
    else void this.#door.close();
  }

  /** One that has been let in or brought back, and is not to be asked about any more; undefined if it has gone. */
  take(id: number): LocalApplicant | undefined {
    const applicant = this.#waiting.get(id);
    this.#waiting.delete(id);
    return applicant;
  }

  async #open(port: number, host: string | undefined): Promise<void> {
    try {
      this.#tell({ kind: 'listening', address: await this.#door.open({ port, host, isShared: true }) });
    } catch (error) {
      this.#tell({ kind: 'listen-failed', error: toCloneable(error) });
    }
  }

  #announce(applicant: LocalApplicant): void {
    const { hello, remoteAddress, remotePort, deadlineMs, gone } = applicant;
    this.#lastId += 1;
    const id = this.#lastId;
    this.#waiting.set(id, applicant);
    gone.addEventListener('abort', () => {
      if (this.#waiting.delete(id)) this.#tell({ kind: 'applicant-gone', id });
    });
    const remainingMs = deadlineMs - performance.now();
    this.#tell({ kind: 'applicant', id, hello, remoteAddress, remotePort, remainingMs });
  }
}

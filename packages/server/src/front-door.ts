import type { AddressInfo } from 'node:net';
import { Listener } from './listener.ts';
import { Reception, type ReceptionEvents, type ReceptionSetup } from './reception.ts';

export interface FrontDoorEvents extends ReceptionEvents {
  /** A connection could not be taken, for want of descriptors say; the next one may. */
  onAcceptFailed(error: Error): void;
}

/** Where a server listens. */
export interface ListeningPlace {
  readonly port: number;
  readonly host: string | undefined;
  /** Whether others may listen at the same place, and the system deals connections out to all of them. */
  readonly isShared: boolean;
}

/** Where clients come in: listens, and holds their connections during the handshake. Opened once, closed once. */
export class FrontDoor {
  readonly #reception: Reception;
  readonly #listener: Listener;

  constructor(setup: ReceptionSetup, events: FrontDoorEvents) {
    this.#reception = new Reception(setup, events);
    this.#listener = new Listener({
      onSocket: (socket) => {
        this.#reception.receive(socket);
      },
      onError: (error) => {
        events.onAcceptFailed(error);
      },
    });
  }

  /** Undefined while it does not listen. */
  get address(): AddressInfo | undefined {
    return this.#listener.address;
  }

  /** Throws as `Listener.open`. */
  open(place: ListeningPlace): Promise<AddressInfo> {
    return this.#listener.open(place);
  }

  /** Nobody comes in any more; who has not yet is sent away. */
  async close(): Promise<void> {
    const stopped = this.#listener.close();
    this.#reception.close();
    await stopped;
  }
}

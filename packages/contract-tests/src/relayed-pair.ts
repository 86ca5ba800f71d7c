import { Relay, type RelayWeather } from '@tcpcomm/test-support';
import { connectPair, type PairOptions, type SessionPair } from './session-pair.ts';

/** A pair over a network that can be cut, stopped, or slow. */
export interface RelayedPair extends SessionPair {
  readonly relay: Relay;
}

/** A way over a relay, which is there as soon as a pair has been connected by it. */
export class RelayRoute implements AsyncDisposable {
  readonly #weather: Partial<RelayWeather>;
  #relay: Relay | undefined;

  constructor(weather: Partial<RelayWeather> = {}) {
    this.#weather = weather;
  }

  readonly route = async (port: number): Promise<number> => {
    this.#relay = await Relay.start(port, this.#weather);
    return this.#relay.port;
  };

  get relay(): Relay {
    if (this.#relay === undefined) throw new Error('nobody has gone this way yet');
    return this.#relay;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay?.[Symbol.asyncDispose]();
  }
}

/** Connects a client and a server over a relay, as `connectPair` does without one; the client comes back by itself. */
export async function connectRelayedPair(
  options: Omit<PairOptions, 'route'> = {},
  weather?: Partial<RelayWeather>,
): Promise<RelayedPair> {
  const way = new RelayRoute(weather);
  const client = { autoReconnect: true, ...options.client };
  const pair = await connectPair({ ...options, client, route: way.route });
  const dispose = async () => {
    await pair[Symbol.asyncDispose]();
    await way[Symbol.asyncDispose]();
  };
  return { ...pair, relay: way.relay, [Symbol.asyncDispose]: dispose };
}

import type { ArrayDescription } from './array-description.ts';
import { ArrayExchange } from './array-exchange.ts';
import { ArrayInbox } from './array-inbox.ts';
import { ArrayNumbers } from './array-numbers.ts';
import type { ArrayPort, ArrayPortOptions, ArrayPortSource } from './array-port.ts';
import { ArraySource } from './array-source.ts';
import type { LargeArray } from './array-types.ts';
import { ArrayTransferError } from './errors.ts';
import type { IncomingObserver } from './incoming-arrays.ts';
import type { SendArrayOptions } from './outgoing-array.ts';
import {
  requireCallback,
  requireInteger,
  requireLabel,
  requireOptions,
  requirePort,
  requireShape,
  requireSignal,
} from './requirements.ts';

const DEFAULT_CHANNEL = 100;
const DEFAULT_PRIORITY = 'low';
const DEFAULT_MAX_BYTES = 1_073_741_824;
const DEFAULT_MAX_ARRAYS = 1024;
const MAX_ARRAYS = 2 ** 32 - 1;

export interface LargeArrayTransferOptions extends ArrayPortOptions, IncomingObserver {
  /** Of the session or client; both ends have the same. Default 100. */
  readonly channel?: number;
  /** The largest array that is taken, in bytes: 1 to 2^53 - 1, default 1 GiB. A larger one fails at its sender. */
  readonly maxBytes?: number;
  /**
   * What all arrays together may have that are on their way or wait to be taken: `maxBytes` to 2^53 - 1, default `maxBytes`. The peer's
   * arrays wait at its end until there is room.
   */
  readonly maxBufferedBytes?: number;
  /** How many arrays that may be: 0, which takes none, to 2^32 - 1; default 1,024. */
  readonly maxArrays?: number;
}

/** An array on its way to this end. */
export interface ArrayOnItsWay {
  readonly description: ArrayDescription;
  readonly receivedBytes: number;
  /** Refuses the rest, and frees what has come. The sender is told the reason; here it is an ARRAY_ABORTED for `onFailure`. */
  abort(reason?: string): void;
}

/**
 * Moves typed arrays of any size to a peer that has one of these too, and from it: several at once, in pieces, with bounded memory.
 * Nothing is copied at the sender; at the receiver an array has one allocation, which grows as its bytes arrive.
 *
 * Iterate over it for the arrays that come, each in the order in which it is complete. Until an array is asked for, it counts against the
 * limits, and its sender waits.
 */
export class LargeArrayTransfer implements AsyncIterable<LargeArray, undefined>, Disposable {
  readonly #inbox = new ArrayInbox();
  readonly #exchange: ArrayExchange;
  #isClosed = false;

  /**
   * @param port a session or client of tcpcomm, or whatever else carries messages
   * @throws RangeError for a limit out of its range, TypeError for what is no port or no function
   */
  constructor(port: ArrayPortSource | ArrayPort, options: LargeArrayTransferOptions = {}) {
    const owner = requirePort(port);
    requireOptions('options', options);
    const { channel = DEFAULT_CHANNEL, maxBytes = DEFAULT_MAX_BYTES, maxArrays = DEFAULT_MAX_ARRAYS } = options;
    const { maxBufferedBytes = maxBytes, onProgress, onFailure } = options;
    requireInteger('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
    requireInteger('maxBufferedBytes', maxBufferedBytes, maxBytes, Number.MAX_SAFE_INTEGER);
    requireInteger('maxArrays', maxArrays, 0, MAX_ARRAYS);
    requireCallback('onProgress', onProgress);
    requireCallback('onFailure', onFailure);
    this.#exchange = new ArrayExchange(
      'arrayPort' in owner ? owner.arrayPort(channel, portOptions(options)) : owner,
      new ArrayNumbers(owner, channel),
      { maxBytes, maxBufferedBytes, maxArrays },
      this.#inbox,
      { onProgress, onFailure },
    );
  }

  /** Arrays that come and are not complete. */
  get incoming(): readonly ArrayOnItsWay[] {
    const { incoming } = this.#exchange;
    return incoming.inProgress.map(([id, array]) => ({
      description: array.description,
      get receivedBytes() {
        return array.receivedBytes;
      },
      abort: (reason = 'the receiver has aborted it') =>
        incoming.refuse(id, array, new ArrayTransferError('ARRAY_ABORTED', reason, 'local')),
    }));
  }

  /**
   * Sends an array and resolves when the peer's program has it; its memory may be changed then. Waits for the peer to take arrays, and
   * while it has as many as it takes. The length of an array over resizable memory is that of now.
   *
   * Rejects with an ArrayTransferError, with the reason of the signal, or with that of the port's reset or end; with a TypeError or
   * RangeError, before anything is done, for an argument that is none.
   */
  async send(array: LargeArray, options: SendArrayOptions = {}): Promise<void> {
    requireOptions('options', options);
    const { shape, label, signal, onProgress } = options;
    const source = new ArraySource(array);
    requireShape(shape, source.byteLength / source.type.elementBytes);
    requireLabel(label);
    requireSignal('signal', signal);
    requireCallback('onProgress', onProgress);
    return this.#exchange.outgoing.send(source, { shape: shape && [...shape], label, signal, onProgress });
  }

  /** What came with an array that was received here; undefined for any other. */
  descriptionOf(array: LargeArray): ArrayDescription | undefined {
    return this.#exchange.incoming.descriptionOf(array);
  }

  /** Each array goes to one iteration, if there are several. They end with the port, after what is complete by then. */
  [Symbol.asyncIterator](): AsyncIterableIterator<LargeArray, undefined> {
    return this.#inbox.iterate();
  }

  /**
   * Stops at once, in both directions: what is under way is aborted, what was not taken is refused, and the peer is told that no more is
   * taken. The port stays open.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange.close(new ArrayTransferError('ARRAY_ABORTED', 'the transfer of arrays was closed', 'local'));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function portOptions({ priority = DEFAULT_PRIORITY, weight, bytesPerSecond }: ArrayPortOptions): ArrayPortOptions {
  return {
    priority,
    ...(weight !== undefined && { weight }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}

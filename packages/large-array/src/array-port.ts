/** What arrays travel over: messages to a peer and from it, whole and in order. */
export interface ArrayPort {
  /** The largest message that it carries, in bytes; read before each piece. Default: larger than any piece, 262,144. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Sends a message; resolves when it has gone, or when there is room for more. Before that about 1 MiB is given, in several messages.
   * The bytes are not copied: they stay as they are until they have arrived. They may lie in shared memory.
   *
   * Rejects when it cannot be sent any more. What was under way is lost then; if the port goes on, it says so by `handleReset`.
   */
  send(bytes: Uint8Array): Promise<void>;
  /** Has everything that comes handed to `receiver`, synchronously, one message after the other. Returns what ends that. */
  receive(receiver: ArrayReceiver): () => void;
}

export interface ArrayReceiver {
  /** The bytes are the receiver's only until this returns. */
  handleMessage(bytes: Uint8Array): void;
  /** What was under way in both directions is lost: the peer has forgotten it, or there is another one. The port goes on. */
  handleReset(reason: Error): void;
  /** It is over: nothing more will come or go. */
  handleEnd(reason: Error): void;
}

/** How arrays are treated beside what else is sent: see the options of a channel of tcpcomm. */
export interface ArrayPortOptions {
  /** Default `low`. */
  readonly priority?: 'urgent' | 'normal' | 'low' | 'background';
  readonly weight?: number;
  readonly bytesPerSecond?: number;
}

/** A session or client of tcpcomm: has such a port for each of its channels. */
export interface ArrayPortSource {
  arrayPort(channel: number, options?: ArrayPortOptions): ArrayPort;
}

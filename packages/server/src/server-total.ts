import { TokenBucket } from '@tcpcomm/throttle';

/** What all sessions of a server may send and receive together. */
export class ServerTotal {
  /** Each session's rate is a share of it. */
  readonly bucket: TokenBucket;

  /** @param bytesPerSecond 0 or Infinity for no limit */
  constructor(bytesPerSecond: number) {
    this.bucket = new TokenBucket({ bytesPerSecond: limitOf(bytesPerSecond) });
  }

  setRate(bytesPerSecond: number): void {
    this.bucket.setRate(limitOf(bytesPerSecond), performance.now());
  }
}

function limitOf(bytesPerSecond: number): number {
  return bytesPerSecond === 0 ? Infinity : bytesPerSecond;
}

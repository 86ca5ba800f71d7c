export { alignBytesPerSecond, blockSizeFor } from './rate-alignment.ts';
export { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

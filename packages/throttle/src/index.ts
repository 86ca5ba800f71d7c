export { alignBytesPerSecond, blockSizeFor } from './rate-alignment.ts';
export { SharedRate, type SharedRateOptions } from './shared-rate.ts';
export { ThrottleStream, type ThrottleStreamOptions } from './throttle-stream.ts';
export { TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

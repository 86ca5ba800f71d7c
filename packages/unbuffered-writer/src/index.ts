export { UnbufferedWriter } from './unbuffered-writer.ts';
export type { UnbufferedWriterOptions, WriteMode } from './writer-options.ts';

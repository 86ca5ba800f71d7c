import { createUnbufferedWriting } from './unbuffered-writer-subject.ts';

/** The least that it takes: one buffer is filled while the other is being written. */
export const subject = createUnbufferedWriting(2);

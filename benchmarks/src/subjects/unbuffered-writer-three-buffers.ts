import { createUnbufferedWriting } from './unbuffered-writer-subject.ts';

/** Two can be on their way to the disk while the third is filled. */
export const subject = createUnbufferedWriting(3);

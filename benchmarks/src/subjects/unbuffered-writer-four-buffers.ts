import { createUnbufferedWriting } from './unbuffered-writer-subject.ts';

/** Its default: two can be on their way to the disk while two are filled. */
export const subject = createUnbufferedWriting(4);

import type { LargeArrayType } from './array-types.ts';

/** What is known of an array besides its elements. */
export interface ArrayDescription {
  /** Each side numbers the arrays that it sends, from 1 on. */
  readonly id: number;
  readonly type: LargeArrayType;
  /** Its dimensions, as the sender gave them. */
  readonly shape: readonly number[] | undefined;
  readonly label: string | undefined;
  readonly byteLength: number;
}

/** How far an array has come. */
export interface ArrayProgress {
  readonly id: number;
  readonly label: string | undefined;
  readonly byteLength: number;
  /** Gone, as far as the `send` of the port tells, or come. */
  readonly movedBytes: number;
  readonly direction: 'incoming' | 'outgoing';
}

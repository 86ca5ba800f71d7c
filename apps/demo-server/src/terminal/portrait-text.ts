import type { ClientPortrait } from '../questions/questions.ts';
import { printable } from './printable.ts';

/** `Node.js v26.10.0 on linux, process 1234`: what a program says that it is. */
export function portraitText({ nodeVersion, platform, processId }: ClientPortrait): string {
  return `Node.js ${printable(nodeVersion)} on ${printable(platform)}, process ${processId}`;
}

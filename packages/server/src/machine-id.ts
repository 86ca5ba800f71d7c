/**
 * Control characters, and what else cannot be seen: line separators, formatting, unpaired surrogates, and letters that leave no mark
 * (Unicode Standard §5.21, and U+2800, the empty pattern of Braille).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a machine id is one that people can see and type. */
export function isVisible(machineId: string): boolean {
  return !INVISIBLE.test(machineId);
}

/** The form by which machine ids are compared: two that look the same are the same (Unicode Standard Annex #15, NFKC). */
export function comparable(machineId: string): string {
  return machineId.normalize('NFKC');
}

/** As people are told of it: in quotes, and what cannot be seen is spelled out. */
export function quoted(machineId: string): string {
  const spell = (character: string) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
  return JSON.stringify(machineId).replace(new RegExp(INVISIBLE, 'gu'), spell);
}

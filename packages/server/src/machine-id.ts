/** Control characters, and what else cannot be seen: line separators, formatting, unpaired surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Whether a machine id is one that people can see and type. */
export function isVisible(machineId: string): boolean {
  return !INVISIBLE.test(machineId);
}

/** The form by which machine ids are compared: two that look the same are the same (Unicode Standard Annex #15, NFKC). */
export function comparable(machineId: string): string {
  return machineId.normalize('NFKC');
}

/**
 * Calls what the program gave to be told by. What it throws disturbs nothing here: it is thrown again on its own, as what a listener of an
 * EventTarget throws.
 */
export function tell<Arguments extends unknown[]>(
  callback: ((...details: Arguments) => void) | undefined,
  ...details: Arguments
): void {
  try {
    callback?.(...details);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * What Node.js is started with for a subject's process, by this process's own arguments.
 *
 * A loader such as tsx is left out where Node.js strips types by itself: it stays in the process, and its transformed code
 * moves half as many bytes. Stripped code is what is published, but for the types.
 */
export function subjectNodeArguments(own: readonly string[] = process.execArgv): string[] {
  if (!process.features.typescript) return [...own];
  return own.filter((argument, index) => {
    if (argument === '--import=tsx') return false;
    const option = argument === 'tsx' ? own[index - 1] : argument;
    const value = argument === 'tsx' ? argument : own[index + 1];
    return option !== '--import' || value !== 'tsx';
  });
}

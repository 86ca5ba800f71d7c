/** What a process has open besides sockets, with room to spare. */
const OTHER_DESCRIPTORS = 100;

/**
 * @param sockets that a process of a subject is going to have open
 * @throws Error when the system does not let a process have so many: it says what to do
 */
export function requireDescriptors(sockets: number, limit: number = descriptorLimit()): void {
  const needed = sockets + OTHER_DESCRIPTORS;
  if (needed <= limit) return;
  throw new Error(`a process has to open ${needed} files, and may open ${limit}; see ulimit -Hn`);
}

/** Node.js raises the soft limit to the hard one when it starts. Infinity where there is none, or none that can be told. */
function descriptorLimit(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { hard: unknown } };
  };
  const hard = Number(userLimits?.open_files?.hard);
  return Number.isNaN(hard) ? Infinity : hard;
}

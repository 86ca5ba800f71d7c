/** How much is gathered before it is written to a file, and in how many pieces that may wait. */
export interface WriteBuffers {
  readonly bufferBytes: number;
  readonly bufferCount: number;
}

/** The page in which a file is gone on with takes some room in the first buffer. */
const PAGE_BYTES = 4_096;

/** What may be given to a writer with such buffers, and not be written yet. */
export function bufferCapacity({ bufferBytes, bufferCount }: WriteBuffers): number {
  return bufferBytes * bufferCount - PAGE_BYTES;
}

/**
 * 1,024 pages at a client, which has few transfers, and 64 at a server, which may have many: there the buffers that are full are written
 * together. In both cases they hold twice the transfer window and more, so that neither waits for the other, the sender for the disk nor the disk
 * for the sender: with half of them a file arrives a tenth to a quarter later.
 */
export const WRITE_BUFFERS = {
  client: { bufferBytes: 4_194_304, bufferCount: 4 },
  server: { bufferBytes: 262_144, bufferCount: 48 },
} as const satisfies Record<string, WriteBuffers>;

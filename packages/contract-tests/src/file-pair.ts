import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileTransfer, GetFileOptions, SendFileOptions, Session } from '@tcpcomm/session';
import { connectPair, type End, endsOf, type PairOptions, type SessionPair } from './session-pair.ts';

/** A pair in which each end offers a folder, seen from one of them. */
export interface FilePair extends AsyncDisposable {
  readonly pair: SessionPair;
  readonly local: Session;
  readonly remote: Session;
  /** What the local end offers, and keeps its files in. */
  readonly localFolder: string;
  readonly remoteFolder: string;
}

/** What each end offers. */
export type FilePairFolders = Pick<FilePair, 'localFolder' | 'remoteFolder'>;

/** Connects a pair in which each end offers one of the folders; whoever made them removes them. */
export async function connectFilePair(
  end: End,
  folders: FilePairFolders,
  options: PairOptions = {},
): Promise<FilePair> {
  const { localFolder, remoteFolder } = folders;
  const [clientRoot, serverRoot] = end === 'client' ? [localFolder, remoteFolder] : [remoteFolder, localFolder];
  const pair = await connectPair({
    ...options,
    client: { files: { root: clientRoot }, ...options.client },
    server: { files: { root: serverRoot }, ...options.server },
  });
  return { pair, ...endsOf(pair, end), ...folders, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
}

/** Both ways in which one end moves a file: it fetches one of the other's, or sends one of its own. */
export const DIRECTIONS = ['get', 'send'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Which folder the file is in before, and which one it arrives in. */
export function routeOf(files: FilePair, direction: Direction): { readonly source: string; readonly target: string } {
  return direction === 'get'
    ? { source: files.remoteFolder, target: files.localFolder }
    : { source: files.localFolder, target: files.remoteFolder };
}

export type MoveOptions = Pick<GetFileOptions & SendFileOptions, 'overwrite' | 'integrity' | 'signal'>;

/** Begins to move the file of that name, from the one folder to the same name in the other. */
export function move(files: FilePair, direction: Direction, name: string, options: MoveOptions = {}): FileTransfer {
  return direction === 'get'
    ? files.local.getFile(name, { to: join(files.localFolder, name), ...options })
    : files.local.sendFile(join(files.localFolder, name), { as: name, ...options });
}

/** The next transfer that an end hears of. */
export function nextTransfer(session: Session): Promise<FileTransfer> {
  return new Promise((resolve) => {
    session.once('transfer', resolve);
  });
}

/** Everything below a folder, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Serving, Subject } from '../harness/subject.ts';
import { requireProgram } from '../measure/find-program.ts';
import { findFreePort } from '../measure/free-port.ts';
import { Program } from '../measure/program.ts';
import { type FileLoad, servedFolder } from './file-load.ts';
import { driveProgram } from './program-client.ts';
import { serveProgram } from './program-server.ts';

/** Where `sshd` that root starts keeps its unprivileged part; the system's own makes it when it starts. */
const PRIVILEGE_SEPARATION_FOLDER = '/run/sshd';

/** `scp` as it is, with a server of its own, whose keys are made for this: encrypted, as it cannot be told not to be. */
export const subject: Subject<FileLoad> = {
  async serve(_load, folder) {
    const files = sshFiles(folder);
    const port = await findFreePort();
    await writeSshFiles(files, port);
    return serveSshd(['-D', '-e', '-f', files.serverConfiguration], port);
  },

  async drive(_load, { host, port }, folder) {
    const { clientConfiguration } = sshFiles(folder);
    const served = servedFolder(folder);
    return driveProgram('scp', folder, ({ kind, direction }, { sourceName, source, targetName, target }) => {
      const remote = (name: string) => `${userInfo().username}@${host}:${join(served, name)}`;
      const [from, to] = direction === 'server-to-client' ? [remote(sourceName), target] : [source, remote(targetName)];
      // For many files its older protocol, which waits less, is the faster one.
      const manner = kind === 'large-file' ? [] : ['-O', '-r'];
      return ['-q', '-F', clientConfiguration, '-P', String(port), ...manner, from, to];
    });
  },
};

interface SshFiles {
  readonly folder: string;
  readonly hostKey: string;
  readonly userKey: string;
  readonly knownHosts: string;
  readonly serverConfiguration: string;
  readonly clientConfiguration: string;
}

function sshFiles(suiteFolder: string): SshFiles {
  const folder = join(suiteFolder, 'ssh');
  const path = (name: string) => join(folder, name);
  return {
    folder,
    hostKey: path('host-key'),
    userKey: path('user-key'),
    knownHosts: path('known-hosts'),
    serverConfiguration: path('sshd_config'),
    clientConfiguration: path('ssh_config'),
  };
}

async function writeSshFiles(files: SshFiles, port: number): Promise<void> {
  await rm(files.folder, { recursive: true, force: true });
  await mkdir(files.folder, { mode: 0o700 });
  for (const key of [files.hostKey, files.userKey]) {
    await new Program('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]).succeed();
  }
  await writeFile(files.knownHosts, `[127.0.0.1]:${port} ${await readFile(`${files.hostKey}.pub`, 'utf8')}`);
  await writeFile(files.serverConfiguration, serverConfiguration(files, port));
  await writeFile(files.clientConfiguration, clientConfiguration(files));
}

function serverConfiguration({ hostKey, userKey }: SshFiles, port: number): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey "${hostKey}"
AuthorizedKeysFile "${userKey}.pub"
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
PidFile none
LogLevel ERROR
Subsystem sftp internal-sftp
`;
}

function clientConfiguration({ userKey, knownHosts }: SshFiles): string {
  return `
IdentityFile "${userKey}"
IdentitiesOnly yes
UserKnownHostsFile "${knownHosts}"
BatchMode yes
LogLevel ERROR
`;
}

/** In a /run of its own where the folder that it needs is not in the system's, and root may make it: so nothing is left there. */
async function serveSshd(args: readonly string[], port: number): Promise<Serving> {
  const isReady = process.getuid?.() !== 0 || existsSync(PRIVILEGE_SEPARATION_FOLDER);
  if (isReady) return serveProgram('sshd', args, port);
  const script = `mount -t tmpfs none /run && mkdir ${PRIVILEGE_SEPARATION_FOLDER} && exec "$@"`;
  const shell = [requireProgram('sh'), '-c', script, 'sh'];
  return serveProgram('unshare', ['--mount', ...shell, requireProgram('sshd'), ...args], port);
}

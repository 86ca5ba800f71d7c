// `turbo run` with telemetry off on every platform: scripts cannot set a variable portably, and turbo.json has no such setting.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('turbo', ['run', '--continue=dependencies-successful', ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: process.platform === 'win32', // there, turbo is a .cmd file
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
});
process.exitCode = status ?? 1;

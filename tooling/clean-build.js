// Empties ./dist before a build: a file whose source is gone must not be published.
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });

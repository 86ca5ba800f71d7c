// Works out the next release from .changeset/ without git, so it works in any clone: a broken configuration, an
// unreadable changeset or one that names an unknown package throws; one that would release a private package fails.
import getReleasePlan from '@changesets/get-release-plan';
import { readFileSync, globSync } from 'node:fs';

const plan = await getReleasePlan(process.cwd());
const isPrivate = new Map(
  globSync(['packages/*/package.json', 'apps/*/package.json', 'benchmarks/package.json'])
    .map((path) => JSON.parse(readFileSync(path, 'utf8')))
    .map((manifest) => [manifest.name, manifest.private === true]),
);

for (const { id, summary, releases } of plan.changesets) {
  const wrong = releases.filter(({ name }) => isPrivate.get(name) !== false);
  if (wrong.length > 0)
    fail(`.changeset/${id}.md releases ${wrong.map(({ name }) => name).join(', ')}, which is private`);
  if (summary.trim() === '') fail(`.changeset/${id}.md says nothing`);
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

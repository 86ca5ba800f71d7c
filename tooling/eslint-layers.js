// The layers of tooling/layers.json as lint rules. A package may import what its package.json declares, and of the
// workspace only lower layers; what is pure may import nothing that does I/O and see no clock, timer or platform. The files
// of a pure package that may are named one by one (withPlatform), and so are packages all of which is for tests (testPackages).
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname } from 'node:path';
import layering from './layers.json' with { type: 'json' };

const { scope, layers, withPlatform, testSupport, testPackages } = layering;
const purePackages = layers[0].packages;
const engine = 'packages/session/src/engine';
const root = dirname(import.meta.dirname);

const impureGlobals = [
  ...['Buffer', 'process', 'performance', 'Date', 'console', 'fetch', 'global', 'globalThis'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
].map((name) => ({ name, message: 'Pure code: time and data are arguments, the caller owns the platform.' }));

// What no-restricted-globals and no-restricted-imports do not see.
const impureSyntax = [
  { selector: 'ImportExpression, TSImportType', message: 'Pure code: static imports only.' },
  {
    selector: 'TSTypeReference > Identifier[name="Buffer"], TSQualifiedName > Identifier[name="NodeJS"]',
    message: 'Pure code: no types of the platform (Uint8Array instead of Buffer).',
  },
];

const packages = globSync(['{packages,apps}/*/package.json', 'benchmarks/package.json'], { cwd: root }).map((path) => {
  const { dependencies = {} } = JSON.parse(readFileSync(`${root}/${path}`, 'utf8'));
  return { folder: dirname(path), name: basename(dirname(path)), dependencies: Object.keys(dependencies) };
});
const names = packages.map(({ name }) => name).join('|');

export const layerRules = [
  ...packages.flatMap(({ folder, name, dependencies }) => {
    const borders = [insideOtherPackage(), upward(name)];
    const source = {
      files: [`${folder}/src/**/*.ts`],
      rules: restrictImports(testPackages.includes(name) ? borders : [...borders, onlyInTests()]),
    };
    const tests = { files: [`${folder}/test/**/*.ts`], rules: restrictImports(borders) };
    return purePackages.includes(name)
      ? [source, tests, pure([`${folder}/src/**/*.ts`], dependencies, borders)]
      : [source, tests];
  }),
  // The engine imports nothing above its own folder: through ../io or any other neighbour a clock would come back in.
  ...[0, 1, 2].map((depth) =>
    pure(
      [`${engine}/${'*/'.repeat(depth)}*.ts`],
      purePackages.map((name) => `${scope}/${name}`),
      [
        insideOtherPackage(),
        upward('session'),
        {
          regex: `^${'\\.\\./'.repeat(depth + 1)}|^\\./\\.\\.`,
          message: 'engine/ is pure and imports nothing outside engine/ (no ../io).',
        },
      ],
    ),
  ),
];

function pure(files, allowed, patterns) {
  const bare = [`^(?!\\.{1,2}/)(?!(?:${allowed.join('|') || '(?!)'})$)`].map((regex) => ({
    regex,
    message: `Pure code: no node: modules and no packages but: ${allowed.join(', ') || 'none'}.`,
  }));
  return {
    files,
    ignores: withPlatform,
    rules: {
      ...restrictImports([...patterns, ...bare]),
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-syntax': ['error', ...impureSyntax],
    },
  };
}

function restrictImports(patterns) {
  const bareBuiltins = builtinModules
    .filter((name) => !name.includes(':'))
    .map((name) => ({ name, message: `Write node:${name}.` }));
  return { 'no-restricted-imports': ['error', { paths: bareBuiltins, patterns }] };
}

function upward(name) {
  const index = layers.findIndex((layer) => layer.packages.includes(name));
  const below = layers.slice(0, Math.max(index, 0)).flatMap((layer) => layer.packages);
  return {
    regex: `^${scope}/(?!(?:${[...below, name === testSupport ? '' : testSupport].filter(Boolean).join('|') || '(?!)'})$)`,
    message: `${name} may import only from lower layers (tooling/layers.json): ${below.join(', ') || 'none'}.`,
  };
}

function onlyInTests() {
  return { regex: `^${scope}/${testSupport}$`, message: `${testSupport} is for tests.` };
}

function insideOtherPackage() {
  return { regex: `^\\..*/(?:${names})/(?:src|test|dist)/`, message: 'Import another package by its name.' };
}

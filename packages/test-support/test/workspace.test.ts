import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Layering {
  readonly scope: string;
  readonly layers: readonly { readonly name: string; readonly packages: readonly string[] }[];
  readonly testSupport: string;
  /** All of them is for tests. */
  readonly testPackages: readonly string[];
}

const root = resolve(import.meta.dirname, '../../..');
const { scope, layers, testSupport, testPackages } = readJson('tooling/layers.json') as Layering;
const testSupportName = `${scope}/${testSupport}`;

const workspace = glob('{packages,apps}/*/package.json', 'benchmarks/package.json').map((path) => ({
  folder: dirname(path),
  manifest: readJson(path) as Manifest,
}));
const names = workspace.map(({ manifest }) => manifest.name);

describe.each(workspace)('$manifest.name', ({ folder, manifest }) => {
  const inWorkspace = (dependencies = {}) => Object.keys(dependencies).filter((name) => name.startsWith(`${scope}/`));
  const used = inWorkspace(manifest.dependencies);
  const usedByTests = inWorkspace(manifest.devDependencies);

  it('is named after its folder and stands in exactly one layer', () => {
    const declared = [...layers.flatMap((layer) => layer.packages), testSupport];
    expect(manifest.name).toBe(`${scope}/${basename(folder)}`);
    expect(declared.filter((name) => name === basename(folder))).toHaveLength(1);
  });

  it('depends on lower layers only, and on test support only in its tests', () => {
    const below = layers.slice(0, Math.max(layerOf(manifest.name), 0)).flatMap((layer) => layer.packages);
    const isForTests = testPackages.includes(basename(folder));
    const allowed = [...below.map((name) => `${scope}/${name}`), ...(isForTests ? [testSupportName] : [])];
    expect(used.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(usedByTests.filter((name) => ![...allowed, testSupportName].includes(name))).toEqual([]);
  });

  it('has tsconfig references that match its dependencies', () => {
    expect(references(folder)).toEqual(folders(used));
    expect(references(join(folder, 'test'))).toEqual([folder, ...folders([...used, ...usedByTests])].sort());
  });

  it('holds what every package holds', () => {
    const parts = ['README.md', 'CHANGELOG.md', 'tsconfig.json', 'src/index.ts', 'test/tsconfig.json'];
    expect(parts.filter((part) => !existsSync(join(root, folder, part)))).toEqual([]);
  });
});

it('every layer names packages that exist', () => {
  const declared = [...layers.flatMap((layer) => layer.packages), testSupport].map((name) => `${scope}/${name}`);
  expect(declared.sort()).toEqual([...names].sort());
});

it('the root tsconfig references every package and its tests', () => {
  const expected = workspace.flatMap(({ folder }) => [folder, join(folder, 'test')]);
  expect(references('.')).toEqual(expected.sort());
});

it('the documentation names only packages that exist, and every published one', () => {
  const importCondition = `${scope}/source`;
  const pages = glob('README.md', 'docs/**/*.md', '{packages,apps}/*/README.md', 'benchmarks/README.md');
  const mentions = pages.flatMap((page) =>
    [...readText(page).matchAll(new RegExp(`${scope}/[a-z0-9-]+`, 'g'))].map(([name]) => ({ page, name })),
  );
  expect(mentions.filter(({ name }) => name !== importCondition && !names.includes(name))).toEqual([]);

  const overview = mentions.filter(({ page }) => ['README.md', 'docs/ARCHITECTURE.md'].includes(page));
  const published = workspace.filter(({ manifest }) => manifest.private !== true).map(({ manifest }) => manifest.name);
  expect(published.filter((name) => !overview.some((mention) => mention.name === name))).toEqual([]);
});

it('no test is left out or singled out', () => {
  // A test that needs what a machine may lack says so with skipIf or context.skip(reason).
  const marked = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo)\b/;
  expect(codeFiles('test').filter((path) => marked.test(readText(path)))).toEqual([]);
});

it('files and folders are named in kebab-case', () => {
  const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|d))?(?:\.ts)?$/;
  const named = (path: string) => path.split('/').every((part) => kebab.test(part));
  expect([...codeFiles('src'), ...codeFiles('test')].filter((path) => !named(path))).toEqual([]);
});

function layerOf(name: string): number {
  return layers.findIndex((layer) => layer.packages.some((short) => `${scope}/${short}` === name));
}

function folders(packageNames: readonly string[]): string[] {
  return packageNames.map((name) => workspace.find(({ manifest }) => manifest.name === name)?.folder ?? name).sort();
}

function references(folder: string): string[] {
  const config = readJson(join(folder, 'tsconfig.json')) as { references?: readonly { path: string }[] };
  return (config.references ?? []).map(({ path }) => relative(root, resolve(root, folder, path))).sort();
}

function codeFiles(part: 'src' | 'test'): string[] {
  return workspace.flatMap(({ folder }) => glob(`${folder}/${part}/**/*.ts`));
}

function glob(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: (path) => basename(path) === 'node_modules' }).sort();
}

function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function readJson(path: string): unknown {
  return JSON.parse(readText(path));
}

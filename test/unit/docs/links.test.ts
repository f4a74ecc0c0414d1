import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const roots = ['.ci', 'build', 'cli', 'cni', 'deploy', 'docs', 'ipam', 'netlink', 'plugin', 'test'];
const files = roots.flatMap((root) =>
  readdirSync(root, { recursive: true }).map((path) => join(root, String(path))),
);
const names = new Set(files.map((path) => basename(path)));
const pages = ['README.md', 'CONTRIBUTING.md', ...files.filter((path) => /^docs\/.*\.md$/.test(path)).sort()];

const textOf = (page: string): string => readFileSync(page, 'utf8');

/** The fragment that GitHub gives a heading. */
function fragmentOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}

function fragmentsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => fragmentOf(heading));
}

/** Whether a link leads to a file, and to a heading in it if it names one. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  return existsSync(target) && (fragment === undefined || fragmentsOf(target).includes(fragment));
}

/** `a/{b,c}.ts` as `a/b.ts` and `a/c.ts`. */
function expand(path: string): string[] {
  const [whole, choices] = /\{(.*?)\}/.exec(path) ?? [];
  return whole === undefined || choices === undefined
    ? [path]
    : choices.split(',').flatMap((choice) => expand(path.replace(whole, choice)));
}

/** Whether there is a file of this path, in which `*` stands for any name. */
function isThere(path: string): boolean {
  if (!path.includes('*')) return existsSync(path);
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  return files.some((file) => pattern.test(file));
}

/** Whether a text is a path in this repository, or the name of a source file, that does not exist. */
function isMissing(text: string): boolean {
  if (/[\s<>$=(]/.test(text)) return false;
  if (!text.includes('/')) return /^[\w-]+\.(ts|c|h|S|cjs)$/.test(text) && !names.has(text);
  if (!roots.includes(text.split('/')[0] ?? '')) return false;
  return expand(text).some((path) => !isThere(path));
}

test.each(pages)('every link in %s leads somewhere', (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const relative = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(relative.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

test.each(pages)('every path that %s names in backticks exists', (page) => {
  const named = [...textOf(page).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  expect(named.filter(isMissing)).toEqual([]);
});

test('README leads to every page', () => {
  const readme = textOf('README.md');
  const others = pages.filter((page) => page !== 'README.md');
  expect(others.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
});

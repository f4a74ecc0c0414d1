import { readFileSync } from 'node:fs';

const generated = readFileSync('plugin/config/generated/validate-config.ts', 'utf8');

test.each([
  'title',
  'description',
  'default',
  'examples',
  'unset',
  'since',
  'goPlugin',
  'more',
  'errorMessage',
])('the validators, which are compiled into the executable, have no %s', (annotation) => {
  expect(generated).not.toContain(`"${annotation}":`);
});

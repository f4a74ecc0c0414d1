import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../netlink/error.ts';
import { withTables } from './option-tables.ts';

// Writes the tables of docs/options.md from the two JSON Schemas; with --check only says whether they are as written.

const path = 'docs/options.md';

try {
  const page = readFileSync(path, 'utf8');
  const written = withTables(page);
  if (process.argv.includes('--check')) {
    if (written !== page) throw new Error('its tables are not what the schemas say: run `make options`');
  } else if (written !== page) {
    writeFileSync(path, written);
  }
} catch (error) {
  console.error(`${path}: ${messageOf(error)}`);
  process.exitCode = 1;
}

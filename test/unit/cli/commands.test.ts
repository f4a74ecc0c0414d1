import { commands } from '../../../cli/catalogue.ts';
import { type Command, optionsOf, UsageError } from '../../../cli/command.ts';
import { bashCompletion, zshCompletion } from '../../../cli/completion.ts';
import { commandHelp, generalHelp, wrap } from '../../../cli/help.ts';
import { manPage } from '../../../cli/man.ts';
import { plainStyle } from '../../../cli/output/terminal.ts';
import { parseArguments } from '../../../cli/parse-arguments.ts';

const paper = { style: plainStyle, columns: 0 };

const command: Command = {
  name: 'paint',
  summary: 'paint it',
  description: ['.First words.'],
  operands: [{ name: 'WHAT', description: 'What.' }],
  options: [{ name: 'colour', short: 'c', value: 'NAME', description: 'Which.' }],
  hasJson: true,
  examples: [{ line: 'cni-bridge paint it --colour black', says: 'as the song has it' }],
  failure: 'it is blue.',
  run: () => 0,
};

test('options, operands and what follows -- are told apart', () => {
  expect(parseArguments(command, ['it', '--colour', 'black', '--json'])).toEqual({
    options: { colour: 'black', json: true },
    operands: ['it'],
    rest: [],
  });
  expect(parseArguments(command, ['-c', 'black', 'my--pod']).operands).toEqual(['my--pod']);
  const running = { ...command, rest: { name: 'COMMAND', description: '' } };
  expect(parseArguments(running, ['it', '--', 'ls', '--json', '--']).rest).toEqual(['ls', '--json', '--']);
});

test.each([
  [['it', '--color', 'black'], 'unknown or unexpected option: --color: did you mean --colour?'],
  [['it', '--colour'], 'option requires argument: --colour'],
  [[], 'WHAT is missing'],
  [['it', 'again'], 'what is "again" for?'],
  [['it', '--', 'ls'], 'nothing may follow after --'],
])('%j is wrong usage', (words, message) => {
  const parse = () => parseArguments(command, words);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(message);
  expect(parse).toThrow('usage: cni-bridge paint [--colour NAME] [--json] WHAT');
});

test('--help needs nothing else', () => {
  expect(parseArguments(command, ['--help']).options).toEqual({ help: true });
});

describe.each(commands.map((one): [string, Command] => [one.name, one]))('%s', (name, one) => {
  test('is in help, man page and completions, with all of its options', () => {
    const general = generalHelp(commands, paper);
    const [help, man] = [commandHelp(one, paper), manPage(commands, '1')];
    const [bash, zsh] = [bashCompletion(commands), zshCompletion(commands)];
    for (const text of [general, help, man, bash, zsh]) expect(text).toContain(name);
    for (const option of optionsOf(one)) {
      for (const text of [help, bash, zsh]) expect(text).toContain(`--${option.name}`);
      expect(man).toContain(`\\-\\-${option.name.replaceAll('-', '\\-')}`);
    }
  });

  test('has an example that its own parser takes', () => {
    expect(one.examples.length).toBeGreaterThan(0);
    for (const { line } of one.examples) {
      const [program, called, ...words] = line.split(' ');
      expect([program, called]).toEqual(['cni-bridge', name]);
      expect(() => parseArguments(one, words)).not.toThrow();
    }
  });

  test('has a summary that fits a line', () => {
    expect(one.summary.length).toBeLessThan(65);
    expect(one.summary).not.toMatch(/\.$/);
  });
});

test('help is as wide as the terminal, and no wider than is easily read', () => {
  const widestOf = (columns: number): number => {
    const texts = commands.map((one) =>
      commandHelp(one, { ...paper, columns }).replace(/\nexamples:.*/s, ''),
    );
    const all = [generalHelp(commands, { ...paper, columns }), ...texts];
    return Math.max(...all.flatMap((text) => text.split('\n').map((line) => line.length)));
  };
  expect(widestOf(80)).toBeLessThanOrEqual(80);
  for (const columns of [0, 200]) expect(widestOf(columns)).toBeLessThanOrEqual(100);
});

test('lines are broken between words', () => {
  expect(wrap('one two three', 8)).toBe('one two\nthree');
  expect(wrap('incomprehensibilities', 8)).toBe('incomprehensibilities');
});

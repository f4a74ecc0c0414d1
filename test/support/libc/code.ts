// Tries every way in the language to make code from text, and prints what the globals reveal of the host.
import { libc } from '#libc';
import { print } from './print.ts';

const constructors: Record<string, (text: string) => unknown> = {
  Function: (text) => Function(text),
  'new Function': (text) => new Function(text),
  'constructor of a function': (text) => Object.getPrototypeOf(() => 0).constructor(text),
  'constructor of an async function': (text) => Object.getPrototypeOf(async () => 0).constructor(text),
  'constructor of a generator': (text) => Object.getPrototypeOf(function* () {}).constructor(text),
  'global eval': (text) => Object(globalThis).eval(text),
};

function outcome(make: (text: string) => unknown): string {
  try {
    return `made ${typeof make('return 1')}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

libc.start(() => {
  const globals = Object(globalThis);
  print(
    JSON.stringify({
      code: Object.fromEntries(Object.entries(constructors).map(([name, make]) => [name, outcome(make)])),
      globals: ['native', 'main', 'std', 'os', 'require', 'process', 'scriptArgs', 'WebAssembly'].filter(
        (name) => name in globals,
      ),
      random: typeof Math.random,
    }),
  );
  return 0;
});

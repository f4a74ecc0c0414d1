import { libc } from '#libc';
import type { JsonObject } from '../../cni/json.ts';
import { messageOf } from '../../netlink/error.ts';
import { printable, type Terminal } from '../output/terminal.ts';

/** A step's outcome. */
export interface Outcome {
  /** In a line. */
  readonly words: string;
  readonly isWell: boolean;
  /** What `--json` prints beside it. */
  readonly more?: JsonObject;
}

/** A step that has been taken. */
export interface Step extends Outcome {
  readonly name: string;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** The steps of an attempt, in their order. */
export class Steps {
  readonly taken: Step[] = [];

  /** @param listener is told of each when it has been taken */
  constructor(private readonly listener: (step: Step) => void) {}

  /** Whether all went well. */
  get areWell(): boolean {
    return this.taken.every(({ isWell }) => isWell);
  }

  /** Takes a step. @returns whether it went well */
  take(name: string, work: () => Outcome): boolean {
    const begun = libc.clock();
    let outcome: Outcome;
    try {
      outcome = work();
    } catch (error) {
      outcome = { words: messageOf(error), isWell: false };
    }
    const ms = Math.round((libc.clock() - begun) * 10) / 10;
    const step = { name, ...outcome, ms };
    this.taken.push(step);
    this.listener(step);
    return step.isWell;
  }
}

/** What went well, in words. */
export function well(words: string, more: JsonObject = {}): Outcome {
  return { words, isWell: true, more };
}

/** Prints a step: `ADD        10.15.20.2/24 on lab, veth1a2b3c4d, eth0  2.1 ms` */
export function printStep({ name, words, isWell, ms }: Step, { style, print }: Terminal): void {
  const said = isWell ? printable(words) : style.red(printable(words));
  print(`${style.bold(name)}${' '.repeat(9 - name.length)}  ${said}  ${style.dim(`${ms.toFixed(1)} ms`)}\n`);
}

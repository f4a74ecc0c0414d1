import { type Command, optionsOf } from './command.ts';
import { commonOptions } from './help.ts';

function optionNames(command: Command): string {
  return optionsOf(command)
    .map(({ name }) => `--${name}`)
    .join(' ');
}

/** How bash completes the operands of a command; nothing where they are free. */
function bashOperand({ operands }: Command): string {
  const completes = operands[0]?.completes;
  if (completes === 'file') return 'COMPREPLY+=($(compgen -f -- "$word"))';
  if (completes === 'attachment')
    return 'COMPREPLY+=($(compgen -W "$(cni-bridge complete 2>/dev/null)" -- "$word"))';
  return ':';
}

/** The completion file of bash. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const common = commonOptions.map(({ name }) => `--${name}`).join(' ');
  const cases = commands.map(
    (command) => `    ${command.name})
      COMPREPLY=($(compgen -W "${optionNames(command)}" -- "$word"))
      [[ $word == -* ]] || ${bashOperand(command)} ;;
`,
  );
  return `# bash completion of cni-bridge
_cni_bridge() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${names} ${common}" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('')}  esac
}
complete -o filenames -F _cni_bridge cni-bridge
`;
}

/** Text within single quotes, brackets and colons of _arguments(1). */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function zshArguments(command: Command): string {
  const options = optionsOf(command).map(({ name, value, description }) => {
    const takes = value === undefined ? '' : `:${value}:_files`;
    return `'--${name}[${zshText(description)}]${takes}'`;
  });
  const operands = command.operands.map(({ name, completes }) => {
    const action = completes === 'file' ? '_files' : completes === 'attachment' ? '_cni_bridge_known' : ' ';
    return `':${name}:${action}'`;
  });
  return [...options, ...operands].join(' ');
}

/** The completion file of zsh. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`).join('\n');
  const cases = commands.map((command) => `    ${command.name}) _arguments ${zshArguments(command)} ;;`);
  return `#compdef cni-bridge
_cni_bridge_known() { compadd -- \${(f)"$(cni-bridge complete 2>/dev/null)"} }
_cni_bridge() {
  local -a commands=(
${names}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
_cni_bridge "$@"
`;
}

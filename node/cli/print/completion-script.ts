/** Completion scripts for shells, from the table of the command line. A script is static: no Tab starts this program. */

import { COMMAND_NAMES, COMMANDS, completesArguments, completesAs, type FlagFacts, flagsOf, type Shell } from '../command-table.ts'
import type { CommandName } from '../settings.ts'

const SCRIPTS: Readonly<Record<Shell, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]()
}

function allFlags(command: CommandName): FlagFacts[] {
  return [...flagsOf(command), ...flagsOf('all')]
}

const namesOf = ({ short, long }: FlagFacts) => [...(short === undefined ? [] : [short]), long]

/** @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
function bashScript(): string {
  const every = [...new Map(COMMAND_NAMES.flatMap(allFlags).map((flag) => [flag.long, flag])).values()]
  const valued = every.filter(({ value }) => value !== undefined)
  const complete = (how: ReturnType<typeof completesAs>) => {
    if (how === 'files') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
    if (how === 'folders') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")'
    return how === 'nothing' ? ':' : `mapfile -t COMPREPLY < <(compgen -W '${how.join(' ')}' -- "$cur")`
  }
  const patterns = (flags: FlagFacts[]) => flags.flatMap(namesOf).join('|')
  return `# Completion of mayfly for bash: source <(mayfly completion bash)
_mayfly() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${patterns(valued)}) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $prev in
${valued.map((flag) => `    ${patterns([flag])}) ${complete(completesAs(flag))}; return ;;`).join('\n')}
  esac
  case $command in
    '') ${complete([...COMMAND_NAMES, 'help'])} ;;
    help) ${complete(COMMAND_NAMES)} ;;
${COMMAND_NAMES.map((name) => `    ${name}) ${complete(completesArguments(name))} ;;`).join('\n')}
  esac
  [[ $cur == -* ]] || return
  case $command in
    '') ${complete(flagsOf('all').flatMap(namesOf))} ;;
${COMMAND_NAMES.map((name) => `    ${name}) ${complete(allFlags(name).flatMap(namesOf))} ;;`).join('\n')}
  esac
}
complete -F _mayfly mayfly
`
}

/** @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html (_arguments) */
function zshScript(): string {
  const action = (how: ReturnType<typeof completesAs>) => {
    if (how === 'files') return '_files'
    if (how === 'folders') return '_files -/'
    return how === 'nothing' ? ' ' : `(${how.join(' ')})`
  }
  const flagSpec = (flag: FlagFacts) => {
    const value = flag.value === undefined ? '' : `:${zshText(flag.value)}:${action(completesAs(flag))}`
    return namesOf(flag).map((name) => `'*${name}[${zshText(flag.help)}]${value}'`)
  }
  const specs = (command: CommandName) => {
    const argument = completesArguments(command)
    return [...allFlags(command).flatMap(flagSpec), ...(argument === 'nothing' ? [] : [`'*:argument:${action(argument)}'`])].join(' ')
  }
  return `#compdef mayfly
# Completion of mayfly for zsh: source <(mayfly completion zsh), after compinit; or as _mayfly in a folder of $fpath
_mayfly() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands=(
${COMMAND_NAMES.map((name) => `    '${name}:${zshText(COMMANDS[name].description)}'`).join('\n')}
    'help:print the flags of a command'
  )
  _arguments -C ${flagsOf('all').flatMap(flagSpec).join(' ')} '1: :->command' '*:: :->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $line[1] in
        help) _describe -t commands command commands ;;
${COMMAND_NAMES.map((name) => `        ${name}) _arguments ${specs(name)} ;;`).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _mayfly ]]; then _mayfly "$@"; else compdef _mayfly mayfly; fi
`
}

/** @see https://fishshell.com/docs/current/cmds/complete.html */
function fishScript(): string {
  const action = (how: ReturnType<typeof completesAs>) => {
    if (how === 'files') return '-r -F'
    if (how === 'folders') return "-x -a '(__fish_complete_directories)'"
    return how === 'nothing' ? '-x' : `-x -a '${how.join(' ')}'`
  }
  const flagLine = (flag: FlagFacts, condition: string) => {
    const short = flag.short === undefined ? '' : ` -s ${flag.short.slice(1)}`
    const value = flag.value === undefined ? '' : ` ${action(completesAs(flag))}`
    return `complete -c mayfly${condition}${short} -l ${flag.long.slice(2)}${value} -d ${fishText(flag.help)}`
  }
  const argumentLines = (name: CommandName) => {
    const how = completesArguments(name)
    if (how === 'nothing') return []
    return [`complete -c mayfly -n '__fish_seen_subcommand_from ${name}' ${how === 'files' ? '-F' : action(how)}`]
  }
  return `# Completion of mayfly for fish: mayfly completion fish > ~/.config/fish/completions/mayfly.fish
complete -c mayfly -f
${[
  ...COMMAND_NAMES.map((name) => `complete -c mayfly -n __fish_use_subcommand -a ${name} -d ${fishText(COMMANDS[name].description)}`),
  `complete -c mayfly -n '__fish_use_subcommand' -a help -d 'print the flags of a command'`,
  `complete -c mayfly -n '__fish_seen_subcommand_from help' -a '${COMMAND_NAMES.join(' ')}'`,
  ...flagsOf('all').map((flag) => flagLine(flag, '')),
  ...COMMAND_NAMES.flatMap((name) => flagsOf(name).map((flag) => flagLine(flag, ` -n '__fish_seen_subcommand_from ${name}'`))),
  ...COMMAND_NAMES.flatMap(argumentLines),
].join('\n')}
`
}

/** Within single quotes, and within a specification of _arguments. */
function zshText(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&').replaceAll("'", "'\\''")
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

/** The tables of the command: its flags, and its exit codes. */

import { EXIT_MEANINGS } from '../../node/cli/exit-code.ts'
import {
  COMMAND_DEFAULTS,
  COMMAND_SETTINGS,
  COMMON_SETTINGS,
  CONFIGURATION_DEFAULTS,
  type Configuration,
  environmentVariableOf,
  fileKeyOf,
  flagOf,
  SETTINGS,
  type SettingName,
} from '../../node/cli/settings.ts'
import { code, markdownTable, timeText } from './table.ts'

export function flagTable(): string {
  const names = Object.keys(SETTINGS) as SettingName[]
  const rows = names.map((name) => {
    const { short, value, help } = SETTINGS[name]
    const flag = [short, flagOf(name)].filter((part) => part !== undefined).join(', ')
    return [
      code(value === undefined ? flag : `${flag} <${value}>`),
      commandsOf(name),
      code(environmentVariableOf(name)),
      code(fileKeyOf(name)),
      defaultOf(name),
      help.replace(/ \(default: .*\)$/, ''),
    ]
  })
  rows.splice(COMMON_SETTINGS.length, 0, ['`--config <file>`', 'all', '`MAYFLY_CONFIG`', '–', '–', 'a JSON file with settings by name'])
  return markdownTable(['flag', 'for', 'environment', 'key of the file', 'default', 'what it is'], rows)
}

/** The exit codes, which scripts rely on. */
export function exitCodeTable(): string {
  return markdownTable(['exit code', 'means'], Object.entries(EXIT_MEANINGS))
}

function commandsOf(name: SettingName): string {
  if (COMMON_SETTINGS.includes(name)) return 'all'
  const commands = Object.entries(COMMAND_SETTINGS).filter(([, settings]) => settings.includes(name))
  return commands.map(([command]) => code(command)).join(', ')
}

/** What holds where nothing is said; a default that the help tells in words stands there. */
function defaultOf(name: SettingName): string {
  if (name === 'data') return '`$XDG_DATA_HOME/mayfly` or `~/.local/share/mayfly`'
  if (name === 'join') return `${code(CONFIGURATION_DEFAULTS.join.join(' '))}; \`start\` joins nobody`
  const inHelp = /\(default: (.*)\)$/.exec(SETTINGS[name].help)?.[1]
  if (inHelp !== undefined) return inHelp
  const common = valueText(name, CONFIGURATION_DEFAULTS[name])
  const others = Object.entries<Partial<Configuration>>(COMMAND_DEFAULTS)
    .filter(([, defaults]) => name in defaults)
    .map(([command, defaults]) => `, for ${code(command)} ${valueText(name, defaults[name])}`)
  return `${common}${others.join('')}`
}

function valueText(name: SettingName, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (value === undefined || value === 0 || (Array.isArray(value) && value.length === 0)) return '–'
  return code(/Ms$/.test(name) ? timeText(Number(value)).replace(' ', '') : String(value))
}

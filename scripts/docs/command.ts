/** The tables of the command: its flags, and its exit codes. */

import { EXIT_MEANINGS } from '../../node/cli/exit-code.ts'
import {
  type CommandName,
  defaultOf,
  describeDefault,
  environmentVariableOf,
  fileKeyOf,
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  settingsOf,
} from '../../node/cli/settings.ts'
import { code, markdownTable } from './table.ts'

export function flagTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { short, value } = SETTINGS[name]
    const flag = [short, flagOf(name)].filter((part) => part !== undefined).join(', ')
    return [
      code(value === undefined ? flag : `${flag} <${value}>`),
      commandsOf(name),
      code(environmentVariableOf(name)),
      code(fileKeyOf(name)),
      defaultCell(name),
      helpCell(name),
    ]
  })
  rows.splice(settingsOf('all').length, 0, ['`--config <file>`', 'all', '`MAYFLY_CONFIG`', '–', '–', 'a JSON file with settings by name'])
  return markdownTable(['flag', 'for', 'environment', 'key of the file', 'default', 'what it is'], rows)
}

/** The flags of the settings that a running node takes at SIGHUP. */
export function liveSettings(): string {
  const names = settingsOf('start').filter((name) => SETTINGS[name].isLive)
  return markdownTable(
    ['flag', 'key of the file'],
    names.map((name) => [code(flagOf(name)), code(fileKeyOf(name))]),
  )
}

/** The exit codes, which scripts rely on. */
export function exitCodeTable(): string {
  return markdownTable(['exit code', 'means'], Object.entries(EXIT_MEANINGS))
}

function helpCell(name: SettingName): string {
  const { help, helpFor = {} } = SETTINGS[name]
  return [help, ...Object.entries(helpFor).map(([command, text]) => `for ${code(command)}: ${text}`)].join('; ')
}

function commandsOf(name: SettingName): string {
  const { commands } = SETTINGS[name]
  return commands === 'all' ? 'all' : commands.map(code).join(', ')
}

function defaultCell(name: SettingName): string {
  const { defaultText, defaultFor = {} } = SETTINGS[name]
  if (name === 'data') return '`$XDG_DATA_HOME/mayfly` or `~/.local/share/mayfly`'
  if (defaultText !== undefined) return defaultText
  const others = (Object.keys(defaultFor) as CommandName[]).map((command) => `, for ${code(command)} ${valueText(name, command)}`)
  return valueText(name) + others.join('')
}

function valueText(name: SettingName, command?: CommandName): string {
  const value = defaultOf(name, command)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  const text = describeDefault(name, command)
  return text === undefined ? '–' : code(text)
}

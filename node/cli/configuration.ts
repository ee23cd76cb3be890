/**
 * Reads the settings: from a flag, else an environment variable, else a key in the JSON file, else the default. `settings.ts` declares them;
 * `main.ts` reads the process's environment, and `command.ts` its arguments.
 */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { MayflyError } from '../errors.ts'
import {
  type CommandName,
  type Configuration,
  defaultOf,
  environmentVariableOf,
  fileKeyOf,
  flagOf,
  parseValues,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
} from './settings.ts'

export type SettingSource = 'flag' | 'environment' | 'file' | 'default'

/** The origin of each value. */
export type SettingSources = Readonly<Record<SettingName, SettingSource>>

export interface ConfigurationInput {
  /** By setting, the flags of the command line. */
  flags: Partial<Record<SettingName, string | boolean | string[]>>
  env: Readonly<Record<string, string | undefined>>
  /** Path of the JSON file that `--config` names. `MAYFLY_CONFIG` names one, too. */
  configFile?: string
  /** Its defaults apply. */
  command?: CommandName
}

interface ConfigurationReading {
  configuration: Configuration
  sources: SettingSources
}

/** @throws {MayflyError} ERR_BAD_OPTION: an unknown key, a value that cannot be, a file that cannot be read */
export async function readConfiguration(input: ConfigurationInput): Promise<ConfigurationReading> {
  const configFile = input.configFile ?? (input.env.MAYFLY_CONFIG || undefined)
  const file = configFile === undefined ? {} : await readConfigurationFile(configFile)
  const configuration: Record<string, unknown> = { data: defaultDataDirectory(input.env) }
  const sources = {} as Record<SettingName, SettingSource>
  for (const name of SETTING_NAMES) {
    const given = lookUp(name, input, file, configFile)
    sources[name] = given?.source ?? 'default'
    if (given === undefined) {
      configuration[name] ??= defaultOf(name, input.command)
      continue
    }
    try {
      configuration[name] = parseValues(name, given.values)
    } catch (cause) {
      if (!(cause instanceof MayflyError)) throw cause
      throw new MayflyError('ERR_BAD_OPTION', `${given.label}: ${cause.message}`, { cause })
    }
  }
  return { configuration: configuration as unknown as Configuration, sources }
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ (a relative path is to be ignored) */
function defaultDataDirectory(env: ConfigurationInput['env']): string {
  const dataHome = env.XDG_DATA_HOME
  if (dataHome !== undefined && isAbsolute(dataHome)) return join(dataHome, 'mayfly')
  return join(env.HOME || homedir(), '.local', 'share', 'mayfly')
}

interface Given {
  values: string[]
  source: SettingSource
  /** Its name in an error. */
  label: string
}

function lookUp(name: SettingName, { flags, env }: ConfigurationInput, file: Record<string, unknown>, path?: string): Given | undefined {
  const flag = flags[name]
  if (flag !== undefined) {
    const values = SETTINGS[name].isSecret ? [''] : [flag].flat().map(String)
    return { values, source: 'flag', label: flagOf(name) }
  }
  const variable = environmentVariableOf(name)
  const text = env[variable]
  // An empty variable counts as unset: `MAYFLY_TOKEN=` in a service's file means no token.
  if (text) {
    return { values: valuesOfVariable(name, text, variable), source: 'environment', label: variable }
  }
  const key = fileKeyOf(name)
  if (!Object.hasOwn(file, key)) return undefined
  const label = `"${key}" in ${path}`
  const value = SETTINGS[name].isJson ? JSON.stringify(file[key]) : file[key]
  return { values: valuesOfJson(value, label), source: 'file', label }
}

/** Several values are separated, or a JSON array as in the file, which no value of these begins like. */
function valuesOfVariable(name: SettingName, text: string, label: string): string[] {
  const { repeatable, isJson, separator = /[\s,]+/ } = SETTINGS[name]
  if (!repeatable || isJson) return [text]
  if (text.trimStart().startsWith('[')) return valuesOfJson(parseArray(text, label), label)
  return text
    .trim()
    .split(separator)
    .filter((part) => part !== '')
}

function parseArray(text: string, label: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_OPTION', `${label}: expected a JSON array such as ["a", "b"], got ${JSON.stringify(text)}`, { cause })
  }
}

function valuesOfJson(value: unknown, label: string): string[] {
  return [value].flat().map((item) => {
    if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') return String(item)
    throw new MayflyError('ERR_BAD_OPTION', `${label}: expected text, a number, true or false, got ${JSON.stringify(item)}`)
  })
}

async function readConfigurationFile(path: string): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new MayflyError('ERR_BAD_OPTION', `Cannot read the configuration ${path}: ${(cause as Error).message}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MayflyError('ERR_BAD_OPTION', `Cannot read the configuration ${path}: expected a JSON object`)
  }
  const known = SETTING_NAMES.map(fileKeyOf)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    throw new MayflyError('ERR_BAD_OPTION', `Unknown setting "${unknown}" in ${path}; there are: ${known.join(', ')}`)
  }
  return value as Record<string, unknown>
}

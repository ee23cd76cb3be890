/**
 * The log of a running node: JSON lines for machines, plain lines for a person at a terminal. `event-log.ts` decides what is logged,
 * `folded-lines.ts` folds what repeats.
 */

import { type Logger, pino } from 'pino'
import type { LogLevel } from '../settings.ts'
import { createFoldedLines } from './folded-lines.ts'
import type { OutputStream } from './output.ts'

export type { Logger }

/** @param colours on a terminal; off where the user's NO_COLOR is set, see https://no-color.org */
export function createLogger(stream: OutputStream, level: LogLevel, colours = false): Logger {
  const forPeople = stream.isTTY === true
  const lines = createFoldedLines((line) => void stream.write(forPeople ? formatLogLine(line, colours) : line))
  return pino(
    {
      level,
      base: null,
      serializers: { error: pino.stdSerializers.err },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines, // its `flush` is the logger's
  )
}

/** `12:30:01 warn  bad-holder key=… reason="timed out"`, local time. */
export function formatLogLine(json: string, colours: boolean): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const name = String(level).padEnd(5)
  const facts = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`)
  return `${clock} ${colours ? coloured(name) : name} ${msg ?? ''}${facts.join('')}\n`
}

/** Quotes values of more than one word, so that text from the network can neither start a line nor control the terminal. */
function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[\w./:@,+~%?&#[\]{}"-]+$/.test(text) ? text : JSON.stringify(text).replace(/[\u007f-\u009f]/g, '?')
}

function coloured(level: string): string {
  const name = level.trimEnd()
  const code = { fatal: 31, error: 31, warn: 33, info: 36 }[name] ?? 2
  return `\u001b[${code}m${level}\u001b[0m`
}

/** The last line of a log: why the node could not start, or had to end. As JSON like the lines before it, whatever the level of the log is. */

import { describeError } from './output.ts'

export function logLine(level: 'warn' | 'fatal', msg: string, facts: Record<string, unknown> = {}): string {
  return `${JSON.stringify({ level, time: new Date().toISOString(), ...facts, msg })}\n`
}

export function fatalLine(error: unknown): string {
  const { code, message } = describeError(error)
  return logLine('fatal', message, { code })
}

/** The lines that a stream has said so far, and waiting for one that is still to come. */

import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface LineLog {
  /** All lines so far. */
  readonly lines: readonly string[]
  /**
   * The first line that the predicate accepts, said already or still to come. Rejects when the stream ends, or the time is over, first.
   */
  waitFor(predicate: (line: string) => boolean, options?: LineWaitOptions): Promise<string>
}

export interface LineWaitOptions {
  /** Lines before this one do not count. */
  from?: number
  timeoutMs?: number
}

export const LINE_WAIT_DEFAULTS: Readonly<Required<LineWaitOptions>> = { from: 0, timeoutMs: 45_000 }

export function createLineLog(stream: Readable): LineLog {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let hasEnded = false
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  const wake = () => {
    for (const look of [...waiting]) look()
  }
  reader.on('line', (line) => {
    lines.push(line)
    wake()
  })
  reader.on('close', () => {
    hasEnded = true
    wake()
  })
  return {
    lines,
    waitFor(predicate, options) {
      const { from, timeoutMs } = { ...LINE_WAIT_DEFAULTS, ...options }
      return new Promise((resolve, reject) => {
        let next = from
        const end = () => {
          clearTimeout(timer)
          waiting.delete(look)
        }
        const fail = (why: string) => {
          end()
          reject(new Error(`${why}; its last lines were:\n${lines.slice(-20).join('\n')}`))
        }
        const look = () => {
          try {
            for (; next < lines.length; next++) {
              const line = lines[next] ?? ''
              if (!predicate(line)) continue
              end()
              resolve(line)
              return
            }
          } catch (error) {
            end()
            reject(new Error(`The line ${JSON.stringify(lines[next])} could not be looked at`, { cause: error }))
            return
          }
          if (hasEnded) fail('The stream ended before the line came')
        }
        const timer = setTimeout(() => fail(`The line did not come in ${timeoutMs} ms`), timeoutMs)
        waiting.add(look)
        look()
      })
    },
  }
}

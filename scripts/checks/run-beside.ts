/** Programs that run one after the other beside another one, until the first of all fails. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The arguments of Node.js: a script with its own. */
export type NodeArguments = readonly string[]

export interface Ran {
  what: NodeArguments
  ms: number
  printed: string
}

/**
 * Resolves when all have ended with 0. The output of those in turn is kept; the other prints where this process does.
 *
 * @throws {Error} the first that does not end with 0, as soon as it has ended and the others have been ended: its message is what it printed
 * @throws signal.reason, when aborted, once all have been ended
 */
export async function runBeside(inTurn: readonly NodeArguments[], beside: NodeArguments, signal?: AbortSignal): Promise<Ran[]> {
  const ending = new AbortController()
  const stop = AbortSignal.any(signal === undefined ? [ending.signal] : [ending.signal, signal])

  async function run(what: NodeArguments, output: 'inherit' | 'pipe'): Promise<Ran> {
    stop.throwIfAborted()
    const startedAtMs = performance.now()
    const child = spawn(process.execPath, what, { stdio: ['ignore', output, output] })
    const end = () => child.kill()
    stop.addEventListener('abort', end)
    let printed = ''
    const keep = (text: string) => {
      printed += text
    }
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep)
    const [code] = await once(child, 'close')
    stop.removeEventListener('abort', end)
    stop.throwIfAborted()
    if (code !== 0) throw new Error(printed)
    return { what, ms: performance.now() - startedAtMs, printed }
  }

  async function runInTurn(): Promise<Ran[]> {
    const all: Ran[] = []
    for (const what of inTurn) all.push(await run(what, 'pipe'))
    return all
  }

  const [turns, other] = [runInTurn(), run(beside, 'inherit')]
  try {
    const [all] = await Promise.all([turns, other])
    return all
  } catch (error) {
    ending.abort(error)
    await Promise.allSettled([turns, other])
    throw error
  }
}

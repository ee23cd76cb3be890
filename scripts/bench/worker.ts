/**
 * A part of a benchmark in a process of its own, with its own event loop, memory and CPU clock, so that the measured part and the measuring one
 * do not wait for each other. The parent calls its functions by name; what they do is in `workers/`.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** The functions a worker answers with: one argument, or none, and anything that structured clone can carry. */
export type Calls = Record<string, (argument: never) => unknown>

export interface Worker<C extends Calls> {
  readonly pid: number
  /** @throws what the function threw, its message and stack kept; or an error when the worker ends before it has answered */
  call<Name extends keyof C & string>(name: Name, ...argument: Parameters<C[Name]>): Promise<Awaited<ReturnType<C[Name]>>>
  /** Sends the signal; resolves with the end of the process, but for `SIGSTOP` and `SIGCONT`. */
  kill(signal: NodeJS.Signals): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Call {
  id: number
  name: string
  argument: unknown
}

interface Answer {
  id: number
  value?: unknown
  error?: { message: string; stack: string | undefined }
}

/** Message to the parent: the worker listens. */
const READY_ID = 0

/** Resolves once the worker's module has been loaded and it answers. */
export async function startWorker<C extends Calls>(module: URL): Promise<Worker<C>> {
  const child: ChildProcess = fork(module, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  /** By id. Bounded by the calls under way. */
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  const ended = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of pending.values()) reject(new Error(`${module.pathname} ended with ${signal ?? code} before it answered`))
    pending.clear()
  })
  const ready = expectAnswer(READY_ID)
  let nextId = READY_ID + 1

  function expectAnswer(id: number): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>()
    pending.set(id, answer)
    return answer.promise
  }

  child.on('message', ({ id, value, error }: Answer) => {
    const waiting = pending.get(id)
    pending.delete(id)
    if (error === undefined) return waiting?.resolve(value)
    waiting?.reject(new Error(error.message, { cause: error.stack }))
  })

  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }
  await ready
  return {
    pid: child.pid as number,
    call: async (name, ...[argument]) => {
      const id = nextId++
      const answer = expectAnswer(id)
      child.send({ id, name, argument } satisfies Call)
      return (await answer) as never
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  }
}

/** Called once by the worker's own module. The worker ends when its parent does. */
export function serveCalls(calls: Calls): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ id, name, argument }: Call) => {
    try {
      const call = calls[name] as ((argument: unknown) => unknown) | undefined
      if (call === undefined) throw new TypeError(`there is no ${name}`)
      answer({ id, value: await call(argument) })
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error))
      answer({ id, error: { message: `${name}: ${message}`, stack } })
    }
  })
  answer({ id: READY_ID })
}

function answer(content: Answer): void {
  process.send?.(content)
}

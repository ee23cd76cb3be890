/**
 * A Chromium driven by its own protocol alone. Playwright and Puppeteer stop every new frame until they have looked into it, which a
 * measurement of frames must not.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { findChromium } from '../chromium.ts'

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--remote-debugging-port=0',
]
const START_MS = 30_000
const PHONE = { width: 412, height: 915, deviceScaleFactor: 2.625, mobile: true }

export type Devtools = Awaited<ReturnType<typeof startChromium>>

interface Evaluated<T> {
  result: { value: T }
  exceptionDetails?: { text: string; exception?: { description?: string } }
}

interface Received {
  id?: number
  sessionId?: string
  method?: string
  params?: { sessionId?: string }
  result?: unknown
  error?: { message: string }
}

/** @param flags beside those above @throws when there is no Chromium */
export async function startChromium(flags: readonly string[] = []) {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  const profile = mkdtempSync(join(tmpdir(), 'mayfly-bench-chromium-'))
  const child = spawn(executablePath, [...FLAGS, ...flags, `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const ended = once(child, 'exit')
  const socket = new WebSocket(await addressIn(child.stderr))
  await once(socket, 'open')
  /** By id. */
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  /** By session, the slowdown of its frames. */
  const slowdowns = new Map<string, number>()
  let nextId = 1

  function send<T>(method: string, params: object, sessionId?: string): Promise<T> {
    const answer = Promise.withResolvers<unknown>()
    pending.set(nextId, answer)
    socket.send(JSON.stringify({ id: nextId++, method, params, ...(sessionId && { sessionId }) }))
    return answer.promise as Promise<T>
  }

  async function slowDown(sessionId: string, slowdown: number): Promise<void> {
    slowdowns.set(sessionId, slowdown)
    await Promise.all([
      send('Emulation.setCPUThrottlingRate', { rate: slowdown }, sessionId),
      send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true }, sessionId),
    ])
  }

  socket.addEventListener('message', ({ data }) => {
    const { id, method, sessionId = '', params, result, error } = JSON.parse(String(data)) as Received
    const slowdown = slowdowns.get(sessionId)
    // A frame with a process of its own is slow from here on, some milliseconds after it began.
    if (method === 'Target.attachedToTarget' && params?.sessionId && slowdown) void slowDown(params.sessionId, slowdown).catch(() => {})
    if (id === undefined) return
    if (error) pending.get(id)?.reject(new Error(error.message))
    else pending.get(id)?.resolve(result)
    pending.delete(id)
  })

  /** @throws what the expression throws */
  async function evaluate<T>(sessionId: string, expression: string): Promise<T> {
    const options = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails: failure } = await send<Evaluated<T>>('Runtime.evaluate', options, sessionId)
    if (failure !== undefined) throw new Error(failure.exception?.description ?? failure.text)
    return result.value
  }

  return {
    /** A tab in front of the others of its window, which are hidden then as in a person's browser: Playwright would keep them awake. */
    async openTab(url: string) {
      const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url })
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
      return {
        evaluate: <T>(expression: string) => evaluate<T>(sessionId, expression),
        show: () => send('Target.activateTarget', { targetId }),
      }
    },
    /** A tab of a phone, in a profile of its own that goes with it. */
    async openPhone({ slowdown }: { slowdown: number }) {
      const { browserContextId } = await send<{ browserContextId: string }>('Target.createBrowserContext', {})
      const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank', browserContextId })
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
      await send('Emulation.setDeviceMetricsOverride', PHONE, sessionId)
      await slowDown(sessionId, slowdown)
      return {
        open: (url: string) => send('Page.navigate', { url }, sessionId),
        /** Runs in each document that the tab opens from now on, before its own scripts. */
        async addScript(source: string): Promise<void> {
          await send('Page.enable', {}, sessionId)
          await send('Page.addScriptToEvaluateOnNewDocument', { source }, sessionId)
        },
        evaluate: <T>(expression: string) => evaluate<T>(sessionId, expression),
        async [Symbol.asyncDispose]() {
          await send('Target.disposeBrowserContext', { browserContextId })
        },
      }
    },
    async [Symbol.asyncDispose]() {
      end()
      await ended
      process.off('exit', end)
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  const address = Promise.withResolvers<string>()
  const lines = createInterface({ input: output })
  lines.on('line', (line) => {
    const [, found] = /^DevTools listening on (\S+)$/.exec(line) ?? []
    if (found !== undefined) address.resolve(found)
  })
  lines.on('close', () => address.reject(new Error('Chromium has ended')))
  return Promise.race([address.promise, delay(START_MS).then(() => Promise.reject(new Error('Chromium does not start')))])
}

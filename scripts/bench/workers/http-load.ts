/** Load on an http server with as little work of its own as can be: raw sockets that stay open, one request at a time on each. */

import { connect } from 'node:net'
import { serveCalls } from '../worker.ts'

export interface LoadOptions {
  port: number
  path: string
  connections: number
  durationMs: number
  /** An answer with a body of another length, or another status than 200, ends the run with an error. */
  bodyBytes: number
}

const HEAD_END = Buffer.from('\r\n\r\n')

const calls = {
  /** Resolves with the answers that came, and in what time. */
  async run({ port, path, connections, durationMs, bodyBytes }: LoadOptions): Promise<{ requests: number; ms: number }> {
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nAccept: */*\r\n\r\n`)
    const startedAtMs = performance.now()
    const endAtMs = startedAtMs + durationMs
    const answers = await Promise.all(Array.from({ length: connections }, () => ask(port, request, bodyBytes, endAtMs)))
    return { requests: answers.reduce((total, count) => total + count, 0), ms: performance.now() - startedAtMs }
  },
}

/** Resolves with how many answers came over one connection until the end. */
function ask(port: number, request: Buffer, bodyBytes: number, endAtMs: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let answers = 0
  let rest: Buffer = Buffer.alloc(0)
  socket.on('connect', () => socket.write(request))
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the server closed the connection')))
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const headEnd = rest.indexOf(HEAD_END)
    if (headEnd < 0 || rest.length < headEnd + HEAD_END.length + bodyBytes) return
    // Only the first answer of a connection is read in full; those behind it are judged by their length.
    const fault = answers === 0 ? faultOf(rest.toString('latin1', 0, headEnd), bodyBytes) : undefined
    if (fault !== undefined || rest.length !== headEnd + HEAD_END.length + bodyBytes) {
      reject(new Error(fault ?? `an answer of ${rest.length} bytes`))
      socket.destroy()
      return
    }
    rest = Buffer.alloc(0)
    answers++
    if (performance.now() < endAtMs) {
      socket.write(request)
      return
    }
    resolve(answers)
    socket.destroy()
  })
  return promise
}

function faultOf(head: string, bodyBytes: number): string | undefined {
  if (!head.startsWith('HTTP/1.1 200 ')) return `answered ${head.split('\r\n')[0]}`
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  return Number(length) === bodyBytes ? undefined : `content-length ${length}, not ${bodyBytes}`
}

export type HttpLoadCalls = typeof calls
serveCalls(calls)

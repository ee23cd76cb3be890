/**
 * `PUT /d/<id>/<secret>/<name>`: passes one file on to somebody's drop box, for programs that speak only HTTP. Nothing is stored here; what is
 * passed on is read here. The answer 201 means that the file is checked and on the box's disk.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { type DropRefusal, MayflyError, type OpenedBox, type Sharing } from '../../node/index.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { answerMethod, type RouteBindings } from '../http/route.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import { createClientQuota } from '../limits/client-quota.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

interface DropPutsParts {
  /** Undefined for a node that shares nothing. */
  visitBox: Sharing['visitBox'] | undefined
  limits: GatewayLimits
  /** Of the searches of each client: a visit is one. */
  rate: RateLimit
  firstJoin: FirstJoin
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

interface DropPath {
  /** `/d/<id>/<secret>`. */
  link: string
  /** Decoded. */
  name: string
}

const PUT_PATH = /^(\/d\/[^/]+\/[^/]+)\/(.*)$/
const RETRY_AWAY_S = 30
const RETRY_BUSY_S = 60

/** By the box's refusal. */
const STATUSES: Readonly<Record<DropRefusal['code'], { status: number; advice?: string; retryAfterS?: number }>> = {
  over: { status: 410 },
  count: { status: 413 },
  size: { status: 413 },
  type: { status: 415 },
  name: { status: 400 },
  words: { status: 400 },
  empty: { status: 400 },
  asked: { status: 403 },
  busy: { status: 503, retryAfterS: RETRY_BUSY_S },
  silent: { status: 504, retryAfterS: RETRY_BUSY_S },
  disk: { status: 507, advice: 'Ask its owner to make room, and send it again.', retryAfterS: RETRY_BUSY_S },
  damaged: { status: 422, advice: 'Send it again.' },
}

export type DropPuts = ReturnType<typeof createDropPuts>

export function createDropPuts({ visitBox, limits, rate, firstJoin, closing }: DropPutsParts) {
  const open = createClientQuota({
    get maxOpen() {
      return limits.maxDrops
    },
    get maxOpenPerAddress() {
      return limits.maxDropsPerAddress
    },
    what: 'files under way to drop boxes',
  })

  async function visit(link: string, gone: AbortSignal): Promise<OpenedBox> {
    if (visitBox === undefined) throw problemError(404, 'ERR_NOT_FOUND', 'This gateway passes nothing on to drop boxes.')
    try {
      return await visitBox(link, { signal: AbortSignal.any([gone, timeoutSignal(limits.searchTimeoutMs)]) })
    } catch (error) {
      gone.throwIfAborted()
      throw visitProblem(error)
    }
  }

  async function put({ link, name }: DropPath, incoming: GatewayRequest): Promise<Response> {
    const { request, client, query } = incoming
    requireWholeBody(request.headers)
    const size = readLength(request.headers)
    rate.take(client.address)
    const leave = open.enter(client.address)
    const gone = AbortSignal.any([request.signal, closing])
    let box: OpenedBox | undefined
    try {
      await firstJoin(gone)
      box = await visit(link, gone)
      const file = {
        path: name,
        ...(size !== undefined && { size }),
        mediaType: request.headers.get('content-type') ?? '',
        from: query.get('from') ?? '',
        words: query.get('words') ?? '',
        bytes: bodyOf(request),
      }
      const { sha256, size: stored } = await box.push(file, { signal: gone, onTaken: () => client.proceed?.() })
      const body = `${JSON.stringify({ name, size: stored, sha256 })}\n`
      return new Response(body, { status: 201, headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json' } })
    } catch (error) {
      gone.throwIfAborted()
      throw pushProblem(error)
    } finally {
      box?.close()
      leave()
    }
  }

  return {
    get size() {
      return open.size
    },
    /** Null for a path that names no file for a box. Its faults are checked by the caller. */
    async answer(incoming: GatewayRequest, bindings: Pick<RouteBindings, 'route'>): Promise<Response | null> {
      const [, link, encoded] = PUT_PATH.exec(incoming.path) ?? []
      if (link === undefined || encoded === undefined) return null
      bindings.route = 'drop'
      const PUT = () => put({ link, name: decodeURIComponent(encoded) }, incoming)
      const GET = () => {
        throw problemError(405, 'ERR_METHOD', 'Files are sent to this address, and nothing is read from it.', {
          advice: 'Send one with curl -T FILE and this address. People open the link of the box in a browser.',
          headers: { allow: 'PUT, OPTIONS' },
        })
      }
      return answerMethod({ GET, PUT }, incoming, '', 'owner')
    },
  }
}

/** True for a target whose body waits until a box has taken it. */
export function isDropPut(target: string): boolean {
  return PUT_PATH.test(target.split('?', 1)[0] ?? '')
}

/** The body of a request without one is empty. */
async function* bodyOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body as unknown as AsyncIterable<Uint8Array>
}

/** A part of a file, or an encoded one, would be stored as if it were the file. */
function requireWholeBody(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity')
    throw problemError(415, 'ERR_BAD_REQUEST', 'A file is stored as it is sent: send it without an encoding.')
  if (headers.has('content-range')) throw problemError(400, 'ERR_BAD_REQUEST', 'A file is sent whole, in one request.')
}

/** Undefined for a body that says its size only by its end. */
function readLength(headers: Headers): number | undefined {
  if (headers.has('transfer-encoding')) return undefined
  return Number(headers.get('content-length') ?? 0)
}

function visitProblem(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'TimeoutError') return away('The search for this box took too long.')
  if (!(error instanceof MayflyError)) return error
  switch (error.code) {
    case 'ERR_SHARE_WRONG':
    case 'ERR_BAD_OPTION':
      return problemError(404, 'ERR_SHARE_WRONG', 'There is no such box: its address is mistyped or cut.', {
        advice: 'Ask its owner for it again.',
      })
    case 'ERR_SHARE_ENDED':
      return problemError(410, error.code, `${error.message}.`, { advice: 'Ask its owner for another one.' })
    case 'ERR_LIMIT':
      return problemError(503, error.code, `${error.message}.`, { retryAfterS: RETRY_BUSY_S })
    case 'ERR_UNAVAILABLE':
    case 'ERR_LEFT':
      return away(`${error.message}.`)
    default:
      return error
  }
}

function away(message: string): ProblemError {
  return problemError(503, 'ERR_UNAVAILABLE', message, {
    advice: 'Send it when its owner has it open. Nothing waits here: this gateway stores no files.',
    retryAfterS: RETRY_AWAY_S,
  })
}

function pushProblem(error: unknown): unknown {
  if (!(error instanceof MayflyError)) return error
  if (error.code === 'ERR_LEFT') return away('The owner of this box has gone before all of it was there.')
  if (error.code !== 'ERR_DROP_REFUSED') return error
  const { code, text } = error.cause as DropRefusal
  const { status, ...details } = STATUSES[code]
  return problemError(status, error.code, `${text}.`, details)
}

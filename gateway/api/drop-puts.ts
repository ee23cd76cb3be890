/**
 * `PUT /d/<id>/<secret>/<name>`: passes one file on to somebody's drop box, for programs that speak only HTTP. Nothing is stored here; what is
 * passed on is read here. The answer 201 means that the file is checked and on the box's disk.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { type DropRefusal, MayflyError, type OpenedBox, type Sharing } from '../../node/index.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import type { RouteBindings } from '../http/route.ts'
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
/** A link of a box without the file's name, and perhaps without the secret: curl sends nothing of what stands behind a `#`. */
const NAMELESS_PATH = /^\/d\/[^/]+(?:\/[^/]+)?$/
const ALLOWED = { allow: 'PUT, OPTIONS' }
const HOW_TO_SEND =
  'Write the link of the box with a slash in the place of #, and one at its end: curl --fail-with-body -T FILE https://…/d/ID/SECRET/'
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
    if (name === '' || name.endsWith('/')) throw badDropName('it ends without a name for the file')
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
    /** Null for a path that is no address for files. Its faults are checked by the caller. */
    async answer(incoming: GatewayRequest, bindings: Pick<RouteBindings, 'route'>): Promise<Response | null> {
      const { path, request } = incoming
      const [, link, encoded] = PUT_PATH.exec(path) ?? []
      if (link === undefined || encoded === undefined) {
        if (!NAMELESS_PATH.test(path) || isRead(request.method)) return null
        throw problemError(400, 'ERR_BAD_REQUEST', 'No file can be sent to this address.', { advice: HOW_TO_SEND })
      }
      bindings.route = 'drop'
      if (request.method === 'PUT') return put({ link, name: decodeURIComponent(encoded) }, incoming)
      if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: ALLOWED })
      const message = isRead(request.method)
        ? 'Files are sent to this address, and nothing is read from it.'
        : `A file is sent to this address by PUT. ${request.method} does nothing here.`
      throw problemError(405, 'ERR_METHOD', message, {
        advice: 'Send one with curl --fail-with-body -T FILE and this address. People open the link of the box in a browser.',
        headers: ALLOWED,
      })
    },
  }
}

const isRead = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method)

/** True for a target whose body waits until a box has taken it. */
export function isDropPut(target: string): boolean {
  return PUT_PATH.test(target.split('?', 1)[0] ?? '')
}

/** @param fault what is wrong with the name in the path, in words */
export function badDropName(fault: string): ProblemError {
  return problemError(400, 'ERR_BAD_REQUEST', `No file can be sent to this address: ${fault}.`, {
    advice: 'Write another name for the file at the end of the address.',
  })
}

/** The body of a request without one is empty. */
async function* bodyOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body as unknown as AsyncIterable<Uint8Array>
}

/** A part of a file, an encoded one, or a form around it would be stored as if it were the file. */
function requireWholeBody(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity')
    throw problemError(415, 'ERR_BAD_REQUEST', 'A file is stored as it is sent: send it without an encoding.')
  if (headers.get('content-type')?.trimStart().toLowerCase().startsWith('multipart/form-data'))
    throw problemError(415, 'ERR_BAD_REQUEST', 'A form with files is not taken here: send the file itself.', {
      advice: 'With curl, write -T FILE in the place of -F.',
    })
  if (isPart(headers))
    throw problemError(400, 'ERR_BAD_REQUEST', 'A file is sent whole, in one request.', {
      advice: 'Send all of it again: what came of it before was not kept.',
    })
}

/** `curl -C -` names the range that it sends, also when that is the whole. @see https://www.rfc-editor.org/rfc/rfc9110#section-14.4 */
function isPart(headers: Headers): boolean {
  const range = headers.get('content-range')
  const length = headers.get('content-length')
  return range !== null && (length === null || range !== `bytes 0-${Number(length) - 1}/${length}`)
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

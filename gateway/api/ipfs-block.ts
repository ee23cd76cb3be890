/**
 * Held content as an IPFS block, in the raw form of a trustless gateway: the client checks the bytes by the CID. The specification asks for
 * `immutable`, since such clients cache blocks anyway.
 *
 * @see https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */

import { decodeKeyCid, encodeKeyCid, encodeKeyHex, type FetchedContent, type Key, MayflyError } from '../../node/index.ts'
import { answerBody } from '../http/byte-answer.ts'
import { contentDisposition, dispositionWish } from '../http/content-disposition.ts'
import { leavesChoice, namesType } from '../http/media-range.ts'
import { problemError } from '../http/problem.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

const RAW_BLOCK = 'application/vnd.ipld.raw'
const MAX_AGE_S = 29_030_400
/** The identity CID of no bytes, with which clients probe a gateway. It needs no holder. */
const PROBE_CID = 'bafkqaaa'

interface IpfsBlockParts {
  /** Gets content that fits in one piece, within the limits of the client. */
  get: (key: Key, incoming: GatewayRequest) => Promise<FetchedContent>
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
  /** True for content that needs no search. */
  isAtHand: (key: Key) => boolean
}

/** Answers `GET /ipfs/<cid>`. */
export async function answerIpfsBlock(parts: IpfsBlockParts, cidText: string, incoming: GatewayRequest): Promise<Response> {
  const probe = cidText === PROBE_CID
  const key = probe ? null : decodeBlockCid(cidText)
  requireRawForm(incoming, key)
  if (key === null) return answerBlock(incoming, PROBE_CID, new Uint8Array())
  parts.requireAllowed(encodeKeyHex(key))
  if (!parts.isAtHand(key) && /\bonly-if-cached\b/i.test(incoming.request.headers.get('cache-control') ?? '')) {
    throw problemError(412, 'ERR_PRECONDITION', 'The block is not in memory here, and only-if-cached forbids a search.')
  }
  const content = await getBlock(parts.get, key, incoming)
  return answerBlock(incoming, encodeKeyCid(key), content.bytes)
}

/** A client checks a block by its CID as a whole, so only content that travels whole is a block. */
async function getBlock(get: IpfsBlockParts['get'], key: Key, incoming: GatewayRequest): Promise<FetchedContent> {
  try {
    return await get(key, incoming)
  } catch (error) {
    if (!(error instanceof MayflyError) || error.code !== 'ERR_TOO_LARGE') throw error
    throw problemError(413, error.code, `${error.message}.`, {
      advice: 'Read larger content at its own address, not as a block.',
      link: `/${encodeKeyHex(key)}`,
    })
  }
}

/** @throws {ProblemError} 400, also for a valid CID of another codec or hash, which names no content here */
function decodeBlockCid(text: string): Key {
  try {
    return decodeKeyCid(text)
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error
    throw problemError(400, 'ERR_BAD_KEY', `${error.message}.`, { advice: 'Ask for a CIDv1 with codec raw and hash sha2-256.' })
  }
}

/** Accepts requests for raw blocks alone. `?format=` takes precedence over Accept. */
function requireRawForm(incoming: GatewayRequest, key: Key | null): void {
  const format = incoming.query.get('format')
  const accept = incoming.request.headers.get('accept')
  if (format === 'raw' || (format === null && namesType(accept, RAW_BLOCK))) return
  throw problemError(
    format === null && leavesChoice(accept) ? 400 : 406,
    'ERR_NOT_ACCEPTABLE',
    'Blocks are served in their raw form only.',
    { advice: `Add ?format=raw, or send "Accept: ${RAW_BLOCK}".`, ...(key === null ? {} : { link: `/${encodeKeyHex(key)}` }) },
  )
}

function answerBlock(incoming: GatewayRequest, cid: string, bytes: Uint8Array): Response {
  const read = async function* (part?: { offset: number; length: number }) {
    yield part === undefined ? bytes : bytes.subarray(part.offset, part.offset + part.length)
  }
  const body = { size: bytes.byteLength, isTrusted: true, bytes, read }
  return answerBody(incoming, body, `${cid}.raw`, blockHeaders(cid, bytes.byteLength, incoming))
}

function blockHeaders(cid: string, size: number, incoming: GatewayRequest): Record<string, string> {
  const { filename } = dispositionWish(incoming.query)
  return {
    'content-type': RAW_BLOCK,
    'content-length': String(size),
    'content-disposition': contentDisposition({ filename, download: true }, `${cid}.bin`) ?? 'attachment',
    etag: `"${cid}.raw"`,
    'accept-ranges': 'bytes',
    'cache-control': `public, max-age=${MAX_AGE_S}, immutable`,
    'x-ipfs-path': `/ipfs/${cid}`,
    'x-ipfs-roots': cid,
    ...(incoming.query.has('format') ? {} : { 'content-location': `/ipfs/${cid}?format=raw` }),
    ...HELD_HEADERS,
    vary: 'Accept',
  }
}

/**
 * Held content as an IPFS block, in the raw form of a trustless gateway: the client checks the bytes by the CID. Any codec will do, since
 * the hash alone names the bytes. The specification asks for `immutable`, since such clients cache blocks anyway; but a shared cache must ask
 * again, or it would serve content that is gone.
 *
 * @see https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */

import type { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { encodeKeyHex, type Key, keyOfBlock, MayflyError, type OpenedContent, parseCid } from '../../node/index.ts'
import { answerBody } from '../http/byte-answer.ts'
import { contentDisposition, dispositionWish } from '../http/content-disposition.ts'
import { leavesChoice, namesType } from '../http/media-range.ts'
import { problemError } from '../http/problem.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

const RAW_BLOCK = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'
const MAX_AGE_S = 29_030_400

interface IpfsBlockParts {
  /** Opens content within the limits of the client. */
  open: (key: Key, incoming: GatewayRequest) => Promise<OpenedContent>
  /** Checks opened content as a whole, so that it is trusted; it may fail to, for want of time. */
  prove: (content: OpenedContent, incoming: GatewayRequest) => Promise<void>
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
  /** True for content that needs no search. */
  isAtHand: (key: Key) => boolean
  maxBlockBytes: number
}

type BlockBody = Pick<OpenedContent, 'size' | 'isTrusted' | 'bytes' | 'read'>

/** Answers `GET /ipfs/<cid>`, and refuses what else may stand behind `/ipfs/`. */
export async function answerIpfsBlock(parts: IpfsBlockParts, cidText: string, incoming: GatewayRequest): Promise<Response> {
  const cid = requireCid(cidText)
  const link = cid.code === raw.code ? contentLink(keyOfBlock(cid)) : {}
  requireRawForm(incoming, link)
  requireNoPath(incoming.path.slice(`/ipfs/${cidText}`.length))
  return answerBlock(incoming, cidText, await openBlock(parts, cid, incoming))
}

/** An identity CID carries its bytes, and needs no holder: with that of no bytes clients probe a gateway. */
async function openBlock(parts: IpfsBlockParts, cid: CID, incoming: GatewayRequest): Promise<BlockBody> {
  const { open, prove, requireAllowed, isAtHand, maxBlockBytes } = parts
  if (cid.multihash.code === identity.code) return bodyOf(cid.multihash.digest)
  const key = keyOfBlock(cid)
  if (key === undefined) {
    throw problemError(400, 'ERR_BAD_KEY', 'That CID is not by sha2-256, which names all content here.', {
      advice: 'Ask for a CID with a sha2-256 multihash, of any codec.',
    })
  }
  requireAllowed(encodeKeyHex(key))
  if (!isAtHand(key) && /\bonly-if-cached\b/i.test(incoming.request.headers.get('cache-control') ?? '')) {
    throw problemError(412, 'ERR_PRECONDITION', 'The block is not in memory here, and only-if-cached forbids a search.')
  }
  const content = await open(key, incoming)
  if (content.size > maxBlockBytes) {
    throw problemError(413, 'ERR_TOO_LARGE', `${content.size} bytes is over the limit of ${maxBlockBytes} for a block.`, {
      advice: 'IPFS clients take no larger block. Read larger content at its own address.',
      ...contentLink(key),
    })
  }
  if (incoming.request.method === 'HEAD') return content
  await prove(content, incoming)
  if (!content.isTrusted) throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get a block: it did not come in time')
  return content
}

function bodyOf(bytes: Uint8Array): BlockBody {
  const read = async function* (part?: { offset: number; length: number }) {
    yield part === undefined ? bytes : bytes.subarray(part.offset, part.offset + part.length)
  }
  return { size: bytes.byteLength, isTrusted: true, bytes, read }
}

/** @throws {ProblemError} 400 */
function requireCid(text: string): CID {
  try {
    return parseCid(text)
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error
    throw problemError(400, 'ERR_BAD_KEY', `${error.message}.`, { advice: 'Ask for a CID with a sha2-256 multihash.' })
  }
}

/** Accepts requests for raw blocks alone. `?format=` takes precedence over Accept. */
function requireRawForm(incoming: GatewayRequest, link: { link?: string }): void {
  const format = incoming.query.get('format')
  const accept = incoming.request.headers.get('accept')
  if (format === 'raw' || (format === null && namesType(accept, RAW_BLOCK))) return
  if (format === 'car' || (format === null && namesType(accept, CAR))) {
    throw problemError(406, 'ERR_NOT_ACCEPTABLE', 'This gateway sends single blocks, and no CAR of several.', {
      advice: 'Ask for each block with ?format=raw, without dag-scope and entity-bytes, which belong to a CAR.',
    })
  }
  throw problemError(
    format === null && leavesChoice(accept) ? 400 : 406,
    'ERR_NOT_ACCEPTABLE',
    'Blocks are served in their raw form only.',
    { advice: `Add ?format=raw, or send "Accept: ${RAW_BLOCK}".`, ...link },
  )
}

/** @throws {ProblemError} 400 */
function requireNoPath(inside: string): void {
  if (inside === '' || inside === '/') return
  throw problemError(400, 'ERR_BAD_REQUEST', 'A raw block has no path inside it.', {
    advice: 'An IPFS client follows a path itself, block by block: ask for the CID alone.',
  })
}

const contentLink = (key: Key | undefined) => (key === undefined ? {} : { link: `/${encodeKeyHex(key)}` })

function answerBlock(incoming: GatewayRequest, cid: string, body: BlockBody): Response {
  const { filename } = dispositionWish(incoming.query)
  const headers = {
    'content-type': RAW_BLOCK,
    // Only the whole proves a size; a HEAD does not fetch it.
    ...(body.isTrusted && { 'content-length': String(body.size) }),
    'content-disposition': contentDisposition({ filename, download: true }, `${cid}.bin`) ?? 'attachment',
    etag: `"${cid}.raw"`,
    'accept-ranges': 'bytes',
    'cache-control': `private, max-age=${MAX_AGE_S}, immutable`,
    'x-ipfs-path': `/ipfs/${cid}`,
    'x-ipfs-roots': cid,
    ...(incoming.query.has('format') ? {} : { 'content-location': `/ipfs/${cid}?format=raw` }),
    ...HELD_HEADERS,
    vary: 'Accept',
  }
  return answerBody(incoming, body, `${cid}.raw`, headers)
}

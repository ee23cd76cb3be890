/**
 * A Metalink: the description with which a download manager fetches content from several gateways at once and checks every piece.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5854
 */

import { encodeKeyHex, harmlessName } from '../../node/index.ts'
import { contentDisposition } from '../http/content-disposition.ts'
import { escapeHtml } from '../http/plain-page.ts'
import { ProblemError } from '../http/problem.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

export interface MetalinkFile {
  /** Its name, or its path among several files. */
  name: string
  /** In hex. */
  hash: string
  /** In bytes; left out while the outline is not trusted. */
  size?: number
  pieces?: { readonly bytes: number; readonly hashes: Uint8Array }
  /** Path and query at a gateway. */
  path: string
}

const KEY_BYTES = 32
/** Further gateways that `mirror` may name. */
const MAX_MIRRORS = 8

/**
 * @param origin the origin of this gateway
 * @throws {ProblemError} 400, for a `mirror` that is no address of a gateway
 */
export function answerMetalink(incoming: GatewayRequest, files: readonly MetalinkFile[], name: string, origin: string): Response {
  const origins = [new URL(origin).origin, ...mirrors(incoming.query)]
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n' +
    `${files.map((file) => fileElement(file, origins)).join('')}</metalink>\n`
  return new Response(incoming.request.method === 'HEAD' ? null : body, {
    headers: {
      ...PUBLIC_DATA_HEADERS,
      'content-type': 'application/metalink4+xml; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'content-disposition': contentDisposition({ filename: `${name}.meta4`, download: true }, 'content.meta4') ?? 'attachment',
    },
  })
}

function fileElement({ name, hash, size, pieces, path }: MetalinkFile, origins: readonly string[]): string {
  // The name is a path: each part of it is sanitized by itself.
  const safeName = name.split('/').map(harmlessName).join('/')
  const urls = origins.map((origin) => `    <url priority="1">${escapeHtml(origin + path)}</url>\n`)
  return (
    `  <file name="${escapeHtml(safeName)}">\n` +
    (size === undefined ? '' : `    <size>${size}</size>\n`) +
    `    <hash type="sha-256">${hash}</hash>\n` +
    (pieces === undefined ? '' : piecesElement(pieces)) +
    `${urls.join('')}  </file>\n`
  )
}

function piecesElement({ bytes, hashes }: NonNullable<MetalinkFile['pieces']>): string {
  const lines: string[] = []
  for (let at = 0; at < hashes.byteLength; at += KEY_BYTES) {
    lines.push(`      <hash>${encodeKeyHex(hashes.subarray(at, at + KEY_BYTES))}</hash>\n`)
  }
  return `    <pieces length="${bytes}" type="sha-256">\n${lines.join('')}    </pieces>\n`
}

function mirrors(query: URLSearchParams): string[] {
  const texts = query.getAll('mirror')
  const urls = texts.map((text) => (URL.canParse(text) ? new URL(text) : null))
  if (texts.length <= MAX_MIRRORS && urls.every((url) => url !== null && /^https?:$/.test(url.protocol))) {
    return urls.flatMap((url) => (url === null ? [] : [url.origin]))
  }
  throw new ProblemError({
    status: 400,
    code: 'ERR_BAD_OPTION',
    message: `A mirror is the address of another gateway, such as https://pages.example; at most ${MAX_MIRRORS} of them.`,
  })
}

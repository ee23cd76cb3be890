/** The listing of a folder without an `index.html`: a page for people, JSON for programs. */

import { type BundleEntry, encodeKeyHex } from '../../node/index.ts'
import { wantsHtml } from '../http/media-range.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/**
 * @param folder the path of the folder, without a slash at the end
 * @param entries all files in it, also those in its folders
 */
export function answerListing(incoming: GatewayRequest, folder: string, entries: readonly BundleEntry[]): Response {
  const { headers, method } = incoming.request
  const isPage = wantsHtml(headers.get('accept'))
  const body = isPage ? listingPage(folder, entries) : `${JSON.stringify({ folder, files: entries.map(describe) })}\n`
  return new Response(method === 'HEAD' ? null : body, {
    headers: {
      ...(isPage ? plainPageHeaders('ourselves') : { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' }),
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-cache',
      vary: 'Accept, Sec-Fetch-Dest',
    },
  })
}

/** A path as an address has it: each part is encoded once, so no name can change the path. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function describe({ path, size, type, key, outline }: BundleEntry): Record<string, unknown> {
  return { path, size, type, hash: encodeKeyHex(key), outline: outline && encodeKeyHex(outline) }
}

function listingPage(folder: string, entries: readonly BundleEntry[]): string {
  const strip = folder === '' ? 0 : folder.length + 1
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  const rows = entries.map(({ path, size }) => {
    const name = path.slice(strip)
    const link = escapeHtml(`./${encodePath(name)}`)
    return `<li><a href="${link}">${escapeHtml(name)}</a> ${size} bytes · <a href="${link}?download=1" download>save</a></li>`
  })
  const all = entries.length === 0 ? '' : '<p><a href="./?format=zip" download>Save all as a zip file</a></p>'
  const title = folder === '' ? `${entries.length} files` : `${folder}: ${entries.length} files`
  return renderPlainPage({ title, body: `<p>${total} bytes in all.</p>${all}<ul>${rows.join('')}</ul>` })
}

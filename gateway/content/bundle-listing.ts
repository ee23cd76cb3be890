/**
 * The listing of a folder without an `index.html`: a page whose links are the files, which download programs follow (`wget -r`, rclone, lftp),
 * or JSON for programs that name it.
 */

import { type BundleEntry, encodeKeyHex, encodePath } from '../../node/index.ts'
import { wantsJson } from '../http/media-range.ts'
import { NAVIGATION_HEADERS } from '../http/navigation.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/**
 * @param folder the path of the folder, without a slash at the end
 * @param entries all files in it, also those in its folders
 */
export function answerListing(incoming: GatewayRequest, folder: string, entries: readonly BundleEntry[]): Response {
  const { headers, method } = incoming.request
  const isPage = !wantsJson(headers.get('accept'))
  const body = isPage ? listingPage(folder, entries) : `${JSON.stringify({ folder, files: entries.map(describe) })}\n`
  return new Response(method === 'HEAD' ? null : body, {
    headers: {
      ...(isPage ? plainPageHeaders('anybody') : { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' }),
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-cache',
      vary: `Accept, ${NAVIGATION_HEADERS}`,
    },
  })
}

function describe({ path, size, type, key, outline }: BundleEntry): Record<string, unknown> {
  return { path, size, type, hash: encodeKeyHex(key), outline: outline && encodeKeyHex(outline) }
}

function listingPage(folder: string, entries: readonly BundleEntry[]): string {
  const strip = folder === '' ? 0 : folder.length + 1
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  // Programs that read one folder at a time, as of a file system, skip links into folders and follow those to them.
  const folders = new Set(entries.flatMap(({ path }) => path.slice(strip).match(/^[^/]+\//) ?? []))
  const links = [...folders].map((name) => `<li>${link(name)}</li>`)
  for (const { path, size } of entries) links.push(`<li>${link(path.slice(strip))} ${size} bytes</li>`)
  // A button, since programs follow every link.
  const all = entries.length === 0 ? '' : '<form action="./"><button name="format" value="zip">Save all as a zip file</button></form>'
  const title = folder === '' ? `${entries.length} files` : `${folder}: ${entries.length} files`
  return renderPlainPage({ title, body: `<p>${total} bytes in all.</p>${all}<ul>${links.join('')}</ul>` })
}

function link(name: string): string {
  return `<a href="${escapeHtml(`./${encodePath(name)}`)}">${escapeHtml(name)}</a>`
}

/**
 * What content looks like, for a preview and a label in this tab. What visitors get is decided by the gateway, from the same bytes.
 */

export type ContentKind = { kind: 'html' | 'text'; text: string } | { kind: 'image'; type: string } | { kind: 'other' }

/** @see https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern */
const IMAGE_SIGNATURES: readonly [type: string, signature: RegExp][] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
]

/** A page, or a fragment of one, begins with one of these; the gateway goes by the same list. */
const HTML_ELEMENTS =
  'a abbr address article aside audio b base blockquote body br button canvas center cite code dd details dialog div dl dt em embed ' +
  'fieldset figcaption figure font footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label ' +
  'legend li link main map mark marquee menu meta meter nav noscript object ol p picture pre progress q s samp script search section ' +
  'select small source span strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr tt u ul var video'

const HTML_BEGINNING = new RegExp(`^\\ufeff?\\s*(<!--|<!doctype\\s+html\\b|<(${HTML_ELEMENTS.replaceAll(' ', '|')})[\\s/>])`, 'i')

/** The largest PDF that is shown, in bytes: the browser's viewer is handed the whole of it. */
export const MAX_SHOWN_PDF_BYTES = 67_108_864

export function isPdf(type: string): boolean {
  return /^application\/pdf\b/.test(type)
}

/**
 * Whether a browser shows content of a media type in a page; anything else is for saving.
 *
 * @param hasPdfViewer whether this browser has a viewer for PDF of its own
 */
export function isDisplayable(type: string, size: number, hasPdfViewer = globalThis.navigator?.pdfViewerEnabled === true): boolean {
  if (isPdf(type)) return hasPdfViewer && size <= MAX_SHOWN_PDF_BYTES
  return /^(?:text|image|audio|video)\/|^application\/(?:xhtml\+)?xml/.test(type)
}

export function contentKindOf(bytes: Uint8Array): ContentKind {
  const beginning = String.fromCharCode(...bytes.subarray(0, 16))
  for (const [type, signature] of IMAGE_SIGNATURES) if (signature.test(beginning)) return { kind: 'image', type }
  const text = decodeText(bytes)
  if (text === undefined) return { kind: 'other' }
  return { kind: HTML_BEGINNING.test(text) ? 'html' : 'text', text }
}

const LABEL_LENGTH = 48

/** A few words to know content by in a list: its title or first line; empty when it has neither. */
export function contentLabel(bytes: Uint8Array): string {
  const content = contentKindOf(bytes)
  if (content.kind === 'image') return content.type
  if (content.kind === 'other') return 'a file'
  const words = content.kind === 'html' ? htmlWords(content.text) : content.text
  const line = words.split(/[\r\n]/).find((candidate) => candidate.trim() !== '') ?? ''
  const characters = Array.from(line.trim().replace(/\s+/g, ' '))
  return characters.length <= LABEL_LENGTH ? characters.join('') : `${characters.slice(0, LABEL_LENGTH - 1).join('')}…`
}

/** The page's title, or its text without the tags. Only ever shown as text, so nothing rests on the tags being all found. */
function htmlWords(html: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1]?.replace(/\s+/g, ' ').trim()
  return title || html.replace(/<(script|style)\b[^]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
}

/** Undefined when the bytes are not UTF-8, or are binary all the same. */
function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

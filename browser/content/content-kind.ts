/**
 * The kind of content by its first bytes, for a preview and a label in this tab. The gateway decides for its visitors, by the same bytes.
 */

type ContentKind = { kind: 'html' | 'text'; text: string } | { kind: 'image'; type: string } | { kind: 'other' }

/** @see https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern */
const IMAGE_SIGNATURES: readonly [type: string, signature: RegExp][] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
]

/** A page or a fragment of one begins with one of these. The gateway has the same list. */
const HTML_ELEMENTS =
  'a abbr address article aside audio b base blockquote body br button canvas center cite code dd details dialog div dl dt em embed ' +
  'fieldset figcaption figure font footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label ' +
  'legend li link main map mark marquee menu meta meter nav noscript object ol p picture pre progress q s samp script search section ' +
  'select small source span strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr tt u ul var video'

const HTML_BEGINNING = new RegExp(`^\\ufeff?\\s*(<!--|<!doctype\\s+html\\b|<(${HTML_ELEMENTS.replaceAll(' ', '|')})[\\s/>])`, 'i')

/** The largest PDF that is shown, in bytes: the browser's viewer gets all of it at once. */
export const MAX_SHOWN_PDF_BYTES = 67_108_864

export function isPdf(type: string): boolean {
  return /^application\/pdf\b/.test(type)
}

/**
 * True when a browser shows content of this media type in a page. Other content can only be saved.
 *
 * @param hasPdfViewer this browser has its own PDF viewer
 */
export function isDisplayable(type: string, size: number, hasPdfViewer = globalThis.navigator?.pdfViewerEnabled === true): boolean {
  if (isPdf(type)) return hasPdfViewer && size <= MAX_SHOWN_PDF_BYTES
  return /^(?:text|image|audio|video)\/|^application\/(?:xhtml\+)?xml/.test(type)
}

/** Decrypted content that is shown is in memory as a whole: limits for media and PDF, and for text, which a frame must lay out. */
const PRIVATE_SHOWN_BYTES = { media: 67_108_864, text: 4_194_304 } as const

/**
 * How private content is shown. SVG counts as text, whose frame runs no script: as media it could be opened alone in a tab, and its scripts
 * would have the origin of the app.
 */
export function privateViewOf(type: string, size: number): 'media' | 'text' | undefined {
  const isSvg = type.startsWith('image/svg')
  const isMedia = isPdf(type) || (/^(?:image|audio|video)\//.test(type) && !isSvg)
  if (isMedia) return size <= PRIVATE_SHOWN_BYTES.media ? 'media' : undefined
  const isText = type === '' || isSvg || /^text\/|^application\/(?:json|(?:xhtml\+)?xml)$/.test(type)
  return isText && size <= PRIVATE_SHOWN_BYTES.text ? 'text' : undefined
}

export function contentKindOf(bytes: Uint8Array): ContentKind {
  const beginning = String.fromCharCode(...bytes.subarray(0, 16))
  for (const [type, signature] of IMAGE_SIGNATURES) if (signature.test(beginning)) return { kind: 'image', type }
  const text = decodeText(bytes)
  if (text === undefined) return { kind: 'other' }
  return { kind: HTML_BEGINNING.test(text) ? 'html' : 'text', text }
}

/** The text of content that is a text, not a page; undefined for any other. @param type media type, as far as it is known */
export function plainTextOf(bytes: Uint8Array, type = 'text/plain'): string | undefined {
  const content = contentKindOf(bytes)
  return content.kind === 'text' && /^text\/(?:plain|markdown)\b/.test(type) ? content.text : undefined
}

/** A name to save content under that came without one: `1f2e3d4c.png`. */
export function nameByType(hash: string, type = ''): string {
  const [, subtype = 'bin'] = /^\w+\/([a-z0-9]{2,4})(?:\+xml)?(?:;|$)/.exec(type.replace('text/plain', 'text/txt')) ?? []
  return `${hash.slice(0, 8)}.${subtype}`
}

const LABEL_LENGTH = 48

/** A short label for a list: the title or first line of the content, or its kind; may be empty. */
export function contentLabel(bytes: Uint8Array): string {
  const content = contentKindOf(bytes)
  if (content.kind === 'image') return content.type
  if (content.kind === 'other') return 'a file'
  const words = content.kind === 'html' ? htmlWords(content.text) : content.text
  const line = words.split(/[\r\n]/).find((candidate) => candidate.trim() !== '') ?? ''
  const characters = Array.from(line.trim().replace(/\s+/g, ' '))
  return characters.length <= LABEL_LENGTH ? characters.join('') : `${characters.slice(0, LABEL_LENGTH - 1).join('')}…`
}

/** The page's title, or its text without tags. It is only shown as text, so a tag that is missed does no harm. */
function htmlWords(html: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1]?.replace(/\s+/g, ' ').trim()
  return title || html.replace(/<(script|style)\b[^]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
}

/** Undefined when the bytes are not UTF-8, or contain a zero byte. */
function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

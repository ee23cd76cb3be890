/**
 * The place on the page where content appears: a sandboxed frame, or, for an image, audio or video, an element that can only paint or play it
 * (an SVG in an <img> runs no script). The browser's own viewer shows a PDF. Content never becomes a part of the app's own document, but for
 * the letters of a short text. The place is outside the view tree, because a frame that is moved loads again.
 */

import { contentKindOf, isPdf } from '../content/content-kind.ts'
import { createContentText, fillContentText, shortTextOf } from './content-text.ts'
import { fetchPdf, pdfFrameFor } from './pdf-frame.ts'
import { PreviewFrame } from './preview-frame.ts'
import type { ContentScreen } from './types.ts'

const FRAME_TITLE = 'The content of this page'
/** Of `createContentText`, and of the gateway's viewer page. */
const TEXT_ELEMENT = 'section'
/** No allow-same-origin and no allow-top-navigation. No allow-modals either: a dialog would block the tab, and the peer in it. */
const RAW_SANDBOX = 'allow-scripts allow-forms allow-popups'

export class ContentFrame implements ContentScreen {
  readonly #container: HTMLElement
  #raw: HTMLElement | undefined
  #blobUrl: string | undefined
  #preview: PreviewFrame | undefined
  #pdf: AbortController | undefined
  #text: PreviewFrame | undefined
  /** Shown until a text has taken its place. */
  #leaving: HTMLElement | undefined
  /** The short text on screen, with its addresses as links. */
  #shortText: string | undefined

  /** Takes over the frame or the text that the gateway put in the container, if there is one. */
  constructor(container: HTMLElement) {
    this.#container = container
    this.#raw = container.querySelector<HTMLElement>('#content') ?? undefined
    this.#showContainer()
  }

  showRaw(path: string, type: string): void {
    if (isPdf(type)) return void this.#showPdf((signal) => fetchPdf(path, signal))
    const media = mediaElementFor(type)
    if (media) return void this.#place(media, path)
    if (this.#raw instanceof HTMLIFrameElement && this.#raw.getAttribute('src') === path && !hasFailed(this.#raw)) return
    const raw = document.createElement('iframe')
    raw.setAttribute('sandbox', RAW_SANDBOX)
    raw.referrerPolicy = 'no-referrer'
    this.#place(raw, path)
  }

  showText(bytes: Uint8Array): void {
    const short = shortTextOf(bytes)
    if (short !== undefined) return void this.#showShortText(short)
    const frame = new PreviewFrame(FRAME_TITLE, { opensLinks: true })
    const before = this.#raw
    this.#raw = undefined
    this.#place(frame.element, frame.element.src)
    this.#text = frame
    frame.show(bytes)
    this.#leaving = before
    if (before === undefined) return
    // The frame that the gateway filled stays until the text is there, so that the page does not flash.
    before.removeAttribute('id')
    frame.element.classList.add('arriving')
    frame.element.addEventListener('load', () => {
      frame.element.classList.remove('arriving')
      before.remove()
    })
  }

  showBlob(blob: Blob): void {
    if (isPdf(blob.type)) return void this.#showPdf(async () => blob)
    const media = mediaElementFor(blob.type)
    if (media === undefined) return void this.clear()
    const url = URL.createObjectURL(blob)
    this.#place(media, url)
    this.#blobUrl = url
  }

  showLocal(bytes: Uint8Array): void {
    if (this.#raw !== undefined && this.#raw.localName !== TEXT_ELEMENT) return
    const short = shortTextOf(bytes)
    if (short !== undefined) return void this.#showShortText(short)
    if (this.#raw !== undefined) this.clear()
    if (this.#preview === undefined) {
      this.#preview = new PreviewFrame(FRAME_TITLE, { opensLinks: contentKindOf(bytes).kind === 'text' })
      this.#preview.element.dataset.testid = 'frame-local'
      this.#container.append(this.#preview.element)
    }
    this.#preview.show(bytes)
    this.#showContainer()
  }

  clearUnlessLoaded(): void {
    if (this.#raw instanceof HTMLIFrameElement && !hasLoaded(this.#raw)) this.clear()
  }

  clear(): void {
    this.#pdf?.abort()
    this.#removeRaw()
    this.#preview?.close()
    this.#preview = undefined
    this.#showContainer()
  }

  /** A newer PDF replaces one that is loading. Where it cannot be fetched, the state above the frame says why, and the file can be saved. */
  async #showPdf(find: (signal: AbortSignal) => Promise<Blob | undefined>): Promise<void> {
    this.#pdf?.abort()
    this.#pdf = new AbortController()
    const { signal } = this.#pdf
    const blob = await find(signal)
    const frame = blob && (await pdfFrameFor(blob))
    if (signal.aborted || blob === undefined) return
    if (frame) this.#place(frame, frame.src)
    else this.clear()
  }

  #place(raw: HTMLIFrameElement | HTMLImageElement | HTMLMediaElement, path: string): void {
    if (this.#raw?.localName === raw.localName && this.#raw.getAttribute('src') === path && raw.localName !== 'iframe') return
    raw.id = 'content'
    raw.title = FRAME_TITLE
    raw.src = path
    this.#removeRaw()
    this.#raw = raw
    if (this.#preview) {
      // Both are in place until the new one has loaded, so that the page does not flash.
      raw.classList.add('arriving')
      const arrival = raw instanceof HTMLMediaElement ? 'loadedmetadata' : 'load'
      raw.addEventListener(arrival, () => this.#endPreview(raw), { once: true })
    }
    this.#container.append(raw)
    this.#showContainer()
  }

  #showShortText(text: string): void {
    if (this.#raw?.localName !== TEXT_ELEMENT) {
      this.clear()
      this.#raw = createContentText(FRAME_TITLE)
      this.#container.append(this.#raw)
      this.#showContainer()
    }
    if (this.#shortText !== text) fillContentText(this.#raw, text)
    this.#shortText = text
  }

  #removeRaw(): void {
    // A media element that is removed keeps loading as long as it has a source.
    if (this.#raw instanceof HTMLMediaElement) this.#raw.removeAttribute('src')
    this.#raw?.remove()
    this.#raw = undefined
    this.#shortText = undefined
    this.#text?.close()
    this.#text = undefined
    this.#leaving?.remove()
    if (this.#blobUrl) URL.revokeObjectURL(this.#blobUrl)
    this.#blobUrl = undefined
  }

  #endPreview(raw: HTMLElement): void {
    if (raw !== this.#raw) return
    raw.classList.remove('arriving')
    this.#preview?.close()
    this.#preview = undefined
  }

  #showContainer(): void {
    this.#container.hidden = this.#raw === undefined && this.#preview === undefined
  }
}

/** The element for a media type. It decodes the content as that type only. */
function mediaElementFor(type: string): HTMLImageElement | HTMLMediaElement | undefined {
  if (type.startsWith('image/')) {
    const image = document.createElement('img')
    image.alt = FRAME_TITLE
    return image
  }
  if (!type.startsWith('audio/') && !type.startsWith('video/')) return undefined
  const media = document.createElement(type.startsWith('audio/') ? 'audio' : 'video')
  media.controls = true
  media.preload = 'metadata'
  return media
}

/**
 * True when the frame loaded an error instead of the page, if the browser reports it: the gateway may have found a holder when it served the
 * document, and none a moment later, when the frame was loaded.
 */
function hasFailed(frame: HTMLIFrameElement): boolean {
  return statusOf(frame) >= 400
}

function hasLoaded(frame: HTMLIFrameElement): boolean {
  const status = statusOf(frame)
  return status >= 200 && status < 400
}

/** 0 while it loads, and always in a browser that does not tell (WebKitGTK 2.50). */
function statusOf(frame: HTMLIFrameElement): number {
  const loads = performance.getEntriesByName(frame.src, 'resource') as PerformanceResourceTiming[]
  return loads.findLast(({ initiatorType }) => initiatorType === 'iframe')?.responseStatus ?? 0
}

/**
 * The place on the page where content appears: a sandboxed frame, or, for an image, audio or video, an element that can only paint or play it
 * (an SVG in an <img> runs no script). The browser's own viewer shows a PDF. Content is never part of the app's own document. The place is
 * outside the view tree, because a frame that is moved loads again.
 */

import { contentKindOf, isPdf } from '../content/content-kind.ts'
import { createPdfFrame } from './pdf-frame.ts'
import { PreviewFrame } from './preview-frame.ts'
import type { ContentScreen } from './types.ts'

const FRAME_TITLE = 'The content of this page'
/** No allow-same-origin and no allow-top-navigation. No allow-modals either: a dialog would block the tab, and the peer in it. */
const RAW_SANDBOX = 'allow-scripts allow-forms allow-popups'

const PDF_BEGINNING = '%PDF-'

export class ContentFrame implements ContentScreen {
  readonly #container: HTMLElement
  #raw: HTMLElement | undefined
  #blobUrl: string | undefined
  #preview: PreviewFrame | undefined
  #pdf: AbortController | undefined
  #text: PreviewFrame | undefined
  /** Shown until a text has taken its place. */
  #leaving: HTMLElement | undefined

  /** Takes over the frame that the gateway put in the container, if there is one. */
  constructor(container: HTMLElement) {
    this.#container = container
    this.#raw = container.querySelector('iframe') ?? undefined
    this.#showContainer()
  }

  showRaw(path: string, type: string): void {
    if (isPdf(type)) return void this.#showPdf(path)
    const media = mediaElementFor(type)
    if (media) return void this.#place(media, path)
    if (this.#raw instanceof HTMLIFrameElement && this.#raw.getAttribute('src') === path && !hasFailed(this.#raw)) return
    const raw = document.createElement('iframe')
    raw.setAttribute('sandbox', RAW_SANDBOX)
    raw.referrerPolicy = 'no-referrer'
    this.#place(raw, path)
  }

  showText(bytes: Uint8Array): void {
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
    if (isPdf(blob.type)) return void this.#placePdf(blob, this.#startPdf())
    const media = mediaElementFor(blob.type)
    if (media === undefined) return void this.clear()
    const url = URL.createObjectURL(blob)
    this.#place(media, url)
    this.#blobUrl = url
  }

  showLocal(bytes: Uint8Array): void {
    if (this.#raw) return
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

  /** A newer PDF replaces one that is loading. */
  #startPdf(): AbortSignal {
    this.#pdf?.abort()
    this.#pdf = new AbortController()
    return this.#pdf.signal
  }

  async #showPdf(path: string): Promise<void> {
    const signal = this.#startPdf()
    try {
      const response = await fetch(path, { signal })
      if (response.ok) await this.#placePdf(await response.blob(), signal)
    } catch {
      // The state above the frame says why; the file can still be saved.
    }
  }

  /**
   * The viewer starts neither in a sandboxed frame nor for the gateway's answer, which has a sandbox policy. So it gets a copy whose media
   * type this tab sets: the copy opens as a PDF or not at all, and never becomes a page.
   */
  async #placePdf(blob: Blob, signal: AbortSignal): Promise<void> {
    const beginning = await blob.slice(0, PDF_BEGINNING.length).text()
    if (signal.aborted) return
    if (beginning !== PDF_BEGINNING) return void this.clear()
    const frame = createPdfFrame(new Blob([blob], { type: 'application/pdf' }))
    this.#place(frame, frame.src)
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

  #removeRaw(): void {
    // A media element that is removed keeps loading as long as it has a source.
    if (this.#raw instanceof HTMLMediaElement) this.#raw.removeAttribute('src')
    this.#raw?.remove()
    this.#raw = undefined
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

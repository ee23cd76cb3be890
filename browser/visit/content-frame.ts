/**
 * The place on the page where content appears: in a sandboxed frame, or, what is an image, audio or video, in an element that can only
 * paint or play it (an SVG in an <img> runs nothing). A PDF is shown by the browser's own viewer. Never as part of the app's own document. It is kept outside the view tree, because a
 * frame that is moved loads again. What to show is decided by `page-visit.ts`.
 */

import { isPdf } from '../content/content-kind.ts'
import type { ContentScreen } from './page-visit.ts'
import { PreviewFrame } from './preview-frame.ts'

const FRAME_TITLE = 'The content of this page'
/** No allow-same-origin, no allow-top-navigation; no allow-modals either: a dialog would stop the tab, and with it what it holds. */
const RAW_SANDBOX = 'allow-scripts allow-forms allow-popups'

const PDF_BEGINNING = '%PDF-'

export class ContentFrame implements ContentScreen {
  readonly #container: HTMLElement
  #raw: HTMLElement | undefined
  #blobUrl: string | undefined
  #preview: PreviewFrame | undefined
  /** Of the PDF that is on its way. */
  #pdf: AbortController | undefined

  /** Takes over the frame that the gateway put in the container, if there is one. */
  constructor(container: HTMLElement) {
    this.#container = container
    this.#raw = container.querySelector('iframe') ?? undefined
    this.#showContainer()
  }

  showRaw(path: string, type: string): void {
    if (isPdf(type)) {
      void this.#showPdf(path)
      return
    }
    const media = mediaElementFor(type)
    if (media) {
      this.#place(media, path)
      return
    }
    if (this.#raw instanceof HTMLIFrameElement && this.#raw.getAttribute('src') === path && !hasFailed(this.#raw)) return
    const raw = document.createElement('iframe')
    raw.setAttribute('sandbox', RAW_SANDBOX)
    raw.referrerPolicy = 'no-referrer'
    this.#place(raw, path)
  }

  showBlob(blob: Blob): void {
    if (isPdf(blob.type)) {
      void this.#placePdf(blob, this.#startPdf())
      return
    }
    const media = mediaElementFor(blob.type)
    if (media === undefined) {
      this.clear()
      return
    }
    const url = URL.createObjectURL(blob)
    this.#place(media, url)
    this.#blobUrl = url
  }

  showLocal(bytes: Uint8Array): void {
    if (this.#raw) return
    if (this.#preview === undefined) {
      this.#preview = new PreviewFrame(FRAME_TITLE)
      this.#preview.element.dataset.testid = 'frame-local'
      this.#container.append(this.#preview.element)
    }
    this.#preview.show(bytes)
    this.#showContainer()
  }

  clear(): void {
    this.#pdf?.abort()
    this.#removeRaw()
    this.#preview?.close()
    this.#preview = undefined
    this.#showContainer()
  }

  /** Only the newest PDF that was asked for appears. */
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
      // What became of it is said beside the content; it is still there to be saved.
    }
  }

  /**
   * The viewer does not start in a sandbox, nor for the gateway's answer, which is sandboxed by itself. So it is given a copy whose type
   * is this tab's word: it is opened as a PDF or not at all, and what is in it never becomes a page.
   */
  async #placePdf(blob: Blob, signal: AbortSignal): Promise<void> {
    const beginning = await blob.slice(0, PDF_BEGINNING.length).text()
    if (signal.aborted) return
    if (beginning !== PDF_BEGINNING) {
      this.clear()
      return
    }
    const url = URL.createObjectURL(new Blob([blob], { type: 'application/pdf' }))
    const frame = document.createElement('iframe')
    frame.referrerPolicy = 'no-referrer'
    this.#place(frame, url)
    this.#blobUrl = url
  }

  #place(raw: HTMLIFrameElement | HTMLImageElement | HTMLMediaElement, path: string): void {
    if (this.#raw?.localName === raw.localName && this.#raw.getAttribute('src') === path && raw.localName !== 'iframe') return
    raw.id = 'content'
    raw.title = FRAME_TITLE
    raw.src = path
    this.#removeRaw()
    this.#raw = raw
    if (this.#preview) {
      // Both are there until the new one has loaded, so that the page does not flash.
      raw.classList.add('arriving')
      const arrival = raw instanceof HTMLMediaElement ? 'loadedmetadata' : 'load'
      raw.addEventListener(arrival, () => this.#endPreview(raw), { once: true })
    }
    this.#container.append(raw)
    this.#showContainer()
  }

  #removeRaw(): void {
    // A media element goes on loading after it is taken away, as long as it has a source.
    if (this.#raw instanceof HTMLMediaElement) this.#raw.removeAttribute('src')
    this.#raw?.remove()
    this.#raw = undefined
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

/** By the type that the gateway gives, or the file has: what it stands for is only ever decoded as that. */
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
 * Whether the frame got an error in place of the page, as far as the browser tells: the gateway may have found a holder when it served the
 * document, and none any more when the frame asked a moment later.
 */
function hasFailed(frame: HTMLIFrameElement): boolean {
  const loads = performance.getEntriesByName(frame.src, 'resource') as PerformanceResourceTiming[]
  const last = loads.findLast(({ initiatorType }) => initiatorType === 'iframe')
  return last !== undefined && last.responseStatus >= 400
}

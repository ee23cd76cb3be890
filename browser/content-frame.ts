/**
 * The place on the page where content appears: always in a sandboxed frame, never in the app's own document. It is kept outside the view
 * tree, because a frame that is moved loads again. What to show is decided by `page-visit.ts`.
 */

import type { ContentScreen } from './page-visit.ts'
import { PreviewFrame } from './preview-frame.ts'
import { rawPathOf } from './route.ts'

const FRAME_TITLE = 'The content of this page'
/** No allow-same-origin, no allow-top-navigation; no allow-modals either: a dialog would stop the tab, and with it what it holds. */
const RAW_SANDBOX = 'allow-scripts allow-forms allow-popups'

export class ContentFrame implements ContentScreen {
  readonly #container: HTMLElement
  #raw: HTMLIFrameElement | undefined
  #preview: PreviewFrame | undefined

  /** Takes over the frame that the gateway put in the container, if there is one. */
  constructor(container: HTMLElement) {
    this.#container = container
    this.#raw = container.querySelector('iframe') ?? undefined
    this.#showContainer()
  }

  showRaw(hash: string): void {
    const path = rawPathOf(hash)
    if (this.#raw?.getAttribute('src') === path && !hasFailed(this.#raw)) return
    const raw = document.createElement('iframe')
    raw.id = 'content'
    raw.title = FRAME_TITLE
    raw.setAttribute('sandbox', RAW_SANDBOX)
    raw.referrerPolicy = 'no-referrer'
    raw.src = path
    this.#raw?.remove()
    this.#raw = raw
    if (this.#preview) {
      // Both are there until the new one has loaded, so that the page does not flash.
      raw.classList.add('arriving')
      raw.addEventListener('load', () => this.#endPreview(raw), { once: true })
    }
    this.#container.append(raw)
    this.#showContainer()
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
    this.#raw?.remove()
    this.#raw = undefined
    this.#preview?.close()
    this.#preview = undefined
    this.#showContainer()
  }

  #endPreview(raw: HTMLIFrameElement): void {
    if (raw !== this.#raw) return
    raw.classList.remove('arriving')
    this.#preview?.close()
    this.#preview = undefined
  }

  #showContainer(): void {
    this.#container.hidden = this.#raw === undefined && this.#preview === undefined
  }
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

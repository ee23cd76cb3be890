/**
 * A frame for bytes that are in this tab: while an author writes, and for content that the gateway does not have. The frame has an opaque
 * origin, and runs no script of the content. The document inside is `preview-frame.html`.
 */

import { contentKindOf } from '../content/content-kind.ts'
import previewFrameUrl from './preview-frame.html?url'

export class PreviewFrame {
  readonly element: HTMLIFrameElement
  /** A private channel to our document: if another one ever took its place in the frame, it would receive nothing. */
  readonly #channel = new MessageChannel()

  /** @param opensLinks for a text: its addresses can be opened in another tab. Those of a page never can */
  constructor(title: string, { opensLinks = false } = {}) {
    this.element = document.createElement('iframe')
    this.element.title = title
    this.element.setAttribute('sandbox', `allow-scripts${opensLinks ? ' allow-popups allow-popups-to-escape-sandbox' : ''}`)
    this.element.referrerPolicy = 'no-referrer'
    this.element.src = previewFrameUrl
    this.element.addEventListener('load', () => this.#connect(), { once: true })
  }

  show(bytes: Uint8Array): void {
    const content = contentKindOf(bytes)
    this.element.classList.toggle('text', content.kind === 'text')
    this.#channel.port1.postMessage({ ...content, bytes })
  }

  #connect(): void {
    this.element.contentWindow?.postMessage('preview', '*', [this.#channel.port2])
  }

  close(): void {
    this.#channel.port1.close()
    this.element.remove()
  }
}

/**
 * A frame that shows bytes which are in this tab already: while an author writes, and where the gateway cannot give them. It has an origin
 * of its own and runs no script of theirs. The document inside is `preview-frame.html`.
 */

import { contentKindOf } from '../content/content-kind.ts'
import previewFrameUrl from './preview-frame.html?url'

export class PreviewFrame {
  readonly element: HTMLIFrameElement
  /** One private line to our document: should anything ever take its place in the frame, it hears nothing more from us. */
  readonly #channel = new MessageChannel()

  constructor(title: string) {
    this.element = document.createElement('iframe')
    this.element.title = title
    this.element.setAttribute('sandbox', 'allow-scripts')
    this.element.referrerPolicy = 'no-referrer'
    this.element.src = previewFrameUrl
    this.element.addEventListener('load', () => this.#connect(), { once: true })
  }

  show(bytes: Uint8Array): void {
    this.#channel.port1.postMessage({ ...contentKindOf(bytes), bytes })
  }

  #connect(): void {
    this.element.contentWindow?.postMessage('preview', '*', [this.#channel.port2])
  }

  close(): void {
    this.#channel.port1.close()
    this.element.remove()
  }
}

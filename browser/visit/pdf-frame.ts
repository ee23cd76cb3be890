/**
 * A frame for a PDF, which the browser's own viewer shows from a Blob. The Blob inherits the policy of the document that made it. The app's
 * own says that nobody may frame it, so WebKit (2.50) would show a blank frame: `pdf-frame.html` makes the Blob, and runs no script itself.
 */

import pdfFrameUrl from './pdf-frame.html?url'

/** @param blob a copy with the media type of a PDF: it opens as a PDF or not at all, and never becomes a page */
export function createPdfFrame(blob: Blob): HTMLIFrameElement {
  const frame = document.createElement('iframe')
  frame.referrerPolicy = 'no-referrer'
  frame.src = pdfFrameUrl
  frame.addEventListener('load', () => fill(frame, blob), { once: true })
  return frame
}

function fill({ contentDocument, contentWindow }: HTMLIFrameElement, blob: Blob): void {
  if (!contentDocument || !contentWindow) return
  const { URL } = contentWindow as Window & typeof globalThis
  const viewer = contentDocument.createElement('iframe')
  viewer.referrerPolicy = 'no-referrer'
  viewer.style.cssText = 'position: fixed; inset: 0; width: 100%; height: 100%; border: 0'
  viewer.src = URL.createObjectURL(blob) // released with the document of the frame
  contentDocument.body.append(viewer)
}

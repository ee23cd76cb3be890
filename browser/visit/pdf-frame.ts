/**
 * A frame for a PDF, which the browser's own viewer shows from a Blob. The Blob inherits the policy of the document that made it. The app's
 * own says that nobody may frame it, so WebKit (2.50) would show a blank frame: `pdf-frame.html` makes the Blob, and runs no script itself.
 */

import pdfFrameUrl from './pdf-frame.html?url'

const PDF_BEGINNING = '%PDF-'

/** @returns undefined when it cannot be fetched, or is no longer wanted */
export async function fetchPdf(path: string, signal: AbortSignal): Promise<Blob | undefined> {
  try {
    const response = await fetch(path, { signal })
    return response.ok ? await response.blob() : undefined
  } catch {
    return undefined
  }
}

/**
 * The viewer starts neither in a sandboxed frame nor for the gateway's answer, which has a sandbox policy. So it gets a copy whose media type
 * this tab sets: the copy opens as a PDF or not at all, and never becomes a page.
 *
 * @returns undefined when it does not begin as a PDF
 */
export async function pdfFrameFor(blob: Blob): Promise<HTMLIFrameElement | undefined> {
  const beginning = await blob.slice(0, PDF_BEGINNING.length).text()
  return beginning === PDF_BEGINNING ? createPdfFrame(new Blob([blob], { type: 'application/pdf' })) : undefined
}

function createPdfFrame(blob: Blob): HTMLIFrameElement {
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

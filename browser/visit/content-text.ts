/**
 * A short text in the app's own document: it is painted with the page around it, without a second document. It gets there as text alone, never as
 * HTML, so nothing in it is an element but the links that are made here.
 */

import { contentKindOf } from '../content/content-kind.ts'
import { hasColumns, splitAtAddresses } from '../text/addresses.ts'

/**
 * The longest text that stands in the document itself, in bytes: one that a phone lays out at once. A longer one has a frame, whose process is
 * not the page's. The gateway has the same limit.
 */
const MAX_SHORT_TEXT_BYTES = 16_384

/** The text, where the bytes are a short one. */
export function shortTextOf(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > MAX_SHORT_TEXT_BYTES) return undefined
  const content = contentKindOf(bytes)
  return content.kind === 'text' ? content.text : undefined
}

/** @param title tells what the text is, for those who do not see it */
export function createContentText(title: string): HTMLElement {
  const element = document.createElement('section')
  element.id = 'content'
  element.setAttribute('aria-label', title)
  element.tabIndex = 0 // it is scrolled by the keyboard, too
  return element
}

/** Its addresses open in another tab, which learns nothing of this one. @param element of `createContentText`, or the gateway's with the same text */
export function fillContentText(element: HTMLElement, text: string): void {
  element.className = hasColumns(text) ? 'content-text columns' : 'content-text'
  element.replaceChildren(...splitAtAddresses(text).map(({ text: part, isAddress }) => (isAddress ? linkTo(part) : part)))
}

function linkTo(address: string): HTMLAnchorElement {
  const link = document.createElement('a')
  link.href = link.textContent = address
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
  return link
}

/** Sanitizes text of strangers: characters that are invisible, or change the direction of text, are shown by their code point. */

import { escapeHtml } from '../http/plain-page.ts'

/**
 * Control characters except tab and line feed; bidirectional controls; line separators; characters without width, except the joiner that some
 * scripts and emoji need; tag characters, which hide text in text.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu
/** More combining marks on one letter than any language has: they would cover the lines around it. */
const TOO_MANY_MARKS = /(\p{M}{8})\p{M}+/gu
/** Names are one line. */
const LINE_SIGNS = /[\t\n]+/g
const LINK = /https?:\/\/[^\s<>"'`⟨⟩]+[^\s<>"'`⟨⟩.,;:!?)\]}]/g

/** Several lines, safe in HTML. URLs become links. */
export function textHtml(text: string): string {
  const shown = reveal(text.replaceAll('\r\n', '\n'))
  let html = ''
  let at = 0
  for (const { 0: link, index } of shown.matchAll(LINK)) {
    html += `${escapeHtml(shown.slice(at, index))}${linkHtml(link, link)}`
    at = index + link.length
  }
  return html + escapeHtml(shown.slice(at))
}

/** One line, safe in HTML and in quoted attributes. */
export function lineHtml(text: string): string {
  return escapeHtml(reveal(text.replace(LINE_SIGNS, ' ')))
}

/** A link that sends its target no referrer and gives it no access to this page. */
export function linkHtml(href: string, text: string): string {
  return `<a href="${escapeHtml(href)}" rel="noopener noreferrer nofollow" target="_blank">${lineHtml(text)}</a>`
}

function reveal(text: string): string {
  return text
    .toWellFormed()
    .replace(HIDDEN, (sign) => `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
    .replace(TOO_MANY_MARKS, '$1')
}

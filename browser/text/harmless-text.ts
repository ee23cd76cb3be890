/** A stranger's text without the characters that steer instead of saying something: they are shown as what they are, marks. */

/** Controls but tab and line feed, and whatever turns the direction of what stands beside it. @see https://www.unicode.org/reports/tr9/ */
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Line ends become line feeds. */
export function harmlessText(text: string): string {
  return text.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(STEERING, '\ufffd')
}

/** The same on one line. */
export function harmlessLine(text: string): string {
  return harmlessText(text).replace(/[\n\t]+/g, ' ')
}

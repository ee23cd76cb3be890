/** Makes a stranger's text harmless: each control or direction character is replaced by a visible mark. */

/** Control characters except tab and line feed, and those that change the direction of text around them. @see https://www.unicode.org/reports/tr9/ */
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Every line end becomes a line feed. */
export function harmlessText(text: string): string {
  return text.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(STEERING, '\ufffd')
}

export function harmlessLine(text: string): string {
  return harmlessText(text).replace(/[\n\t]+/g, ' ')
}

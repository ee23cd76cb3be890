/** The form of a key in hex, for code that reads the command line and needs nothing else of keys. */

const HEX_FORM = /^[0-9a-f]{64}$/

export function isKeyHex(text: string): boolean {
  return HEX_FORM.test(text)
}

/** The web addresses in a text. */

/** Addresses end before what ends a sentence, and have no character that changes the direction of the text around it. */
const ADDRESS = /https?:\/\/[^\s<>"'\u200e\u200f\u202a-\u202e\u2066-\u2069]*[^\s<>"'\u200e\u200f\u202a-\u202e\u2066-\u2069.,;:!?)\]}]/g

interface TextPart {
  text: string
  /** It is the address of a web page. */
  isAddress: boolean
}

/** Cuts a text into addresses and what stands between them: put together again, the parts are the text. */
export function splitAtAddresses(text: string): TextPart[] {
  const parts: TextPart[] = []
  const add = (part: string, isAddress: boolean) => void (part !== '' && parts.push({ text: part, isAddress }))
  let end = 0
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    if (!URL.canParse(address)) continue
    add(text.slice(end, index), false)
    add(address, true)
    end = index + address.length
  }
  add(text.slice(end), false)
  return parts
}

/** Tables, drawings and programs, whose letters have to be of one width. */
export function hasColumns(text: string): boolean {
  return /^(?: {2}|\t)|\S(?: {3}|\t)/m.test(text)
}

/**
 * Reads the one answer to a plain HTTP request from the bytes of a socket, without a copy: its status, and its body, whose length is told or
 * which comes in chunks. Strict, since it reads what nodes send: an answer in any other form is not read, and its request is made anew by
 * Node.js's own client. Pure: the socket is span-socket.ts's.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112 (HTTP/1.1, sections 4, 6 and 7.1)
 */

/** Status line and headers together, in bytes; a gateway sends a few hundred. */
const MAX_HEAD_BYTES = 16_384
/** The line in front of a chunk: up to eight hex digits, and the line's end. */
const MAX_SIZE_LINE = 10
const HEAD_END = '\r\n\r\n'
const CR = 0x0d
const LF = 0x0a

interface AnswerListener {
  /** @param length of the body, when the answer tells it */
  onHead(status: number, length: number | undefined): void
  /** The next bytes of the body. They are the listener's only until it returns. */
  onBody(bytes: Uint8Array): void
}

/** 'more': the answer goes on. 'end': it is whole, and nothing came behind it. 'bad': it has another form, or there is more than it said. */
type AnswerState = 'more' | 'end' | 'bad'

export function createAnswerReader({ onHead, onBody }: AnswerListener) {
  let part: 'head' | 'body' | 'size' | 'chunk' | 'chunk-end' | 'last' | 'end' | 'bad' = 'head'
  /** Head, or the line of a chunk's size, as far as it has come. Bounded: MAX_HEAD_BYTES, MAX_SIZE_LINE. */
  let text = ''
  /** Bytes of the body, of the chunk, or of the line's end that are still to come. */
  let left = 0

  /** @returns where the next part begins */
  function readHead(bytes: Uint8Array): number {
    const before = text.length
    text += Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_HEAD_BYTES - before)).toString('latin1')
    const end = text.indexOf(HEAD_END)
    if (end < 0) {
      if (text.length >= MAX_HEAD_BYTES) part = 'bad'
      return bytes.byteLength
    }
    const head = parseHead(text.slice(0, end))
    text = ''
    if (head === undefined) part = 'bad'
    else {
      left = head.length ?? 0
      part = head.length === undefined ? 'size' : left > 0 ? 'body' : 'end'
      onHead(head.status, head.length)
    }
    return end + HEAD_END.length - before
  }

  function readSize(bytes: Uint8Array, at: number): number {
    let next = at
    while (next < bytes.byteLength && text.length < MAX_SIZE_LINE && !text.endsWith('\r\n'))
      text += String.fromCharCode(bytes[next++] as number)
    if (text.endsWith('\r\n')) {
      left = /^[0-9a-fA-F]{1,8}\r\n$/.test(text) ? Number.parseInt(text, 16) : -1
      part = left > 0 ? 'chunk' : left === 0 ? 'last' : 'bad'
      if (part === 'last') left = 2
      text = ''
    } else if (text.length >= MAX_SIZE_LINE) part = 'bad'
    return next
  }

  function readBody(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.byteLength, at + left)
    left -= end - at
    if (left === 0) {
      if (part === 'chunk') left = 2
      part = part === 'chunk' ? 'chunk-end' : 'end'
    }
    onBody(bytes.subarray(at, end))
    return end
  }

  /** The end of the line behind a chunk, or behind the last one. */
  function readLineEnd(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== (left === 2 ? CR : LF)) part = 'bad'
    else if (--left === 0) part = part === 'last' ? 'end' : 'size'
    return at + 1
  }

  return {
    /** Takes the next bytes that have come. */
    read(bytes: Uint8Array): AnswerState {
      let at = 0
      while (at < bytes.byteLength && part !== 'bad') {
        if (part === 'end') return 'bad'
        if (part === 'head') at = readHead(bytes)
        else if (part === 'size') at = readSize(bytes, at)
        else if (part === 'body' || part === 'chunk') at = readBody(bytes, at)
        else at = readLineEnd(bytes, at)
      }
      return part === 'end' || part === 'bad' ? part : 'more'
    },
  }
}

/** Undefined for a head from which the end of the body cannot be told for sure. `length` is undefined for a body that comes in chunks. */
function parseHead(head: string): { status: number; length: number | undefined } | undefined {
  const [line = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/.exec(line)?.[1])
  const headers = new Map<string, string>()
  for (const each of lines) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(each) ?? []
    if (name === '') return undefined
    const known = headers.get(name.toLowerCase())
    headers.set(name.toLowerCase(), known === undefined ? value : `${known}, ${value}`)
  }
  if (!(status >= 200) || status === 204 || status === 304 || headers.has('content-encoding')) return undefined
  if (headers.get('connection')?.toLowerCase().includes('close')) return undefined // it would be taken for one that can be used again
  const [length, coding] = [headers.get('content-length'), headers.get('transfer-encoding')?.toLowerCase()]
  if (length === undefined) return coding === 'chunked' ? { status, length: undefined } : undefined
  return coding === undefined && /^\d{1,15}$/.test(length) ? { status, length: Number(length) } : undefined
}

/** Reads arguments that are content, or a part of it. */

import { blobSource, memorySource } from '../content/format/source.ts'
import type { ContentSource, OpenedContent } from '../content/types.ts'
import { bytesIn, optional, type Read, readFunction, readImplementation, readInteger, readObject, refuse } from './arguments.ts'

const readSourceObject = readImplementation<ContentSource>({ size: readInteger, read: readFunction })

/** The bytes that a source answers with are checked, too: with fewer or more of them, the key would be another content's. */
export const readSource: Read<ContentSource> = (value, what) => {
  const source = readSourceObject(value, what)
  optional(readFunction)(source.close, `${what}.close`)
  return {
    size: source.size,
    async read(offset, length, options) {
      const given: unknown = await source.read(offset, length, options)
      const bytes = bytesIn(given)
      if (bytes?.byteLength !== length) throw refuse(`${what}.read`, `${length} bytes (a Uint8Array) from ${offset} on`, given)
      return bytes
    },
    close: async () => source.close?.(),
  }
}

export const readBlob = readImplementation<Blob>({ size: readInteger, slice: readFunction })

/** Text stands for its UTF-8, and a file or a Blob for what is in it. */
export const readContent: Read<Uint8Array | ContentSource> = (value, what) => {
  if (typeof value === 'string') return new TextEncoder().encode(value)
  const bytes = bytesIn(value)
  if (bytes !== undefined) return bytes
  if (value instanceof Blob) return blobSource(value)
  if (typeof value === 'object' && value !== null && 'read' in value) return readSource(value, what)
  throw refuse(what, 'text, bytes (a Uint8Array or an ArrayBuffer), a Blob, or a source { size, read }', value)
}

/** The same where a source is needed. */
export const readAnySource: Read<ContentSource> = (value, what) => {
  const content = readContent(value, what)
  return content instanceof Uint8Array ? memorySource(content) : content
}

export const readOpened = readImplementation<Pick<OpenedContent, 'size' | 'read'>>({ size: readInteger, read: readFunction })

/** `length` reaches to the end at most, and is as long as that when it is left out. */
export function readPart(size: number): Read<{ offset: number; length: number } | undefined> {
  const read = readObject<{ offset: number; length?: number }>({ offset: readInteger, length: readInteger }, ['offset'])
  return (value, what) => {
    if (value === undefined) return undefined
    const { offset, length = size } = read(value, what)
    if (offset > size) throw refuse(`${what}.offset`, `at most the size of the content, ${size}`, offset)
    return { offset, length: Math.min(length, size - offset) }
  }
}

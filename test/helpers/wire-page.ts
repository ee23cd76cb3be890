/** The hex examples of a wire page, which the tests read from the page itself. */

import { readFile } from 'node:fs/promises'

export interface WirePage {
  text: string
  /** Bytes by the heading above them. */
  examples: Map<string, Uint8Array>
}

const EXAMPLE = /^### (.+)\n\n```hex\n([^`]+)```$/gm

/** @param path from the top of the project */
export async function readWirePage(path: string): Promise<WirePage> {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  const examples = new Map<string, Uint8Array>()
  for (const [, name = '', body = ''] of text.matchAll(EXAMPLE)) {
    const hex = body.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, '')
    examples.set(name, Uint8Array.from(Buffer.from(hex, 'hex')))
  }
  return { text, examples }
}

/** The numbers and names of a table of a page whose rows begin with a number. */
export function readNumberedRows(text: string, heading: string): Map<number, string> {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return new Map([...section.matchAll(/^\| (\d+) \| ([a-z-]+) \|/gm)].map(([, number, name = '']) => [Number(number), name]))
}

/** Body of a frame, behind its length, which must be right. */
export function frameBody(bytes: Uint8Array): Uint8Array {
  let length = 0
  let at = 0
  for (let weight = 1; ; weight *= 128) {
    const byte = bytes[at++] ?? 0
    length += (byte % 128) * weight
    if (byte < 128) break
  }
  if (bytes.byteLength - at !== length) throw new Error(`a frame of ${bytes.byteLength - at} bytes says that it has ${length}`)
  return bytes.subarray(at)
}

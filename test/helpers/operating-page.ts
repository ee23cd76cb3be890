/** The configurations and scripts of node/cli/OPERATING.md, as they stand there, so that tests run what people copy. */

import { readFileSync } from 'node:fs'
import { changed } from './readme-code.ts'

const PAGE = new URL('../../node/cli/OPERATING.md', import.meta.url)

/** By the name behind the fence, with other words for the names, ports and paths of a test. @throws when it is not there, or a word of it */
export function operatingBlock(name: string, changes: Record<string, string> = {}): string {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].filter((block) => block[1] === name)
  const [block] = blocks
  if (block?.[2] === undefined || blocks.length > 1) throw new Error(`The page has ${blocks.length} blocks of the name ${name}`)
  return changed(block[2], changes)
}

/** The documents of the repository, and where their links lead. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { ROOT } from './source.ts'

const NO_DOCUMENTS = /(^|\/)(node_modules|dist|\.git)(\/|$)/

/** Paths of all `.md` files, from the root. */
export function documents(): string[] {
  const under = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (NO_DOCUMENTS.test(path)) return []
      if (entry.isDirectory()) return under(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
  return under('').sort()
}

export interface DocumentLink {
  /** The document that it stands in. */
  from: string
  /** As it is written. */
  text: string
  /** The file that it leads to, from the root. */
  path: string
  /** The heading in it, as GitHub names it. */
  anchor?: string
}

/** The links of a document that lead to another file of the repository, or to a heading. Code is not looked at. */
export function relativeLinks(from: string): DocumentLink[] {
  const prose = readFileSync(join(ROOT, from), 'utf8')
    .replace(/^```[^]*?^```/gm, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((text) => {
      const [file = '', anchor] = text.split('#')
      const path = file === '' ? from : normalize(join(dirname(from), file))
      return { from, text, path, ...(anchor !== undefined && { anchor }) }
    })
}

/** The anchors of a document's headings. @see https://docs.github.com/en/get-started/writing-on-github (section links) */
export function anchorsOf(document: string): string[] {
  const headings = [
    ...readFileSync(join(ROOT, document), 'utf8')
      .replace(/^```[^]*?^```/gm, '')
      .matchAll(/^#+ (.+)$/gm),
  ]
  return headings.map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Sentences without a subject in comments and documents, and prose lines that are too long. */

import type { SourceText } from './tracked-files.ts'

export interface Finding {
  path: string
  /** From 1. */
  line: number
  text: string
}

/** Longest line of prose in a document, in characters. */
export const MAX_PROSE_CHARACTERS = 120

/** A sentence that begins so and is no question has no subject: the reader expects a question, backs up, and reads twice. */
const HEADLESS = /^(who|whom|whose|what|whoever|whomever|whatever|which)\b/i
const SENTENCE_END = /(?<=[.!?]["”’)`*]*)\s+(?!\p{Ll})/u

/** A run of prose: one comment, or one paragraph of a document. */
interface Passage {
  lines: { line: number; text: string }[]
}

export function findHeadless(file: SourceText): Finding[] {
  const passages = file.path.endsWith('.md') ? paragraphsOf(file.text) : commentsOf(file.text)
  return passages.flatMap((passage) =>
    sentencesOf(passage).flatMap(({ line, text }) => (HEADLESS.test(text) && !text.endsWith('?') ? [{ path: file.path, line, text }] : [])),
  )
}

/** Lines of prose in a document over MAX_PROSE_CHARACTERS; tables and code may be as long as they are. */
export function findLongLines(file: SourceText): Finding[] {
  const lines = paragraphsOf(file.text).flatMap((paragraph) => paragraph.lines)
  return lines.filter(({ text }) => text.length > MAX_PROSE_CHARACTERS).map(({ line, text }) => ({ path: file.path, line, text }))
}

function sentencesOf({ lines }: Passage): { line: number; text: string }[] {
  const sentences: { line: number; text: string }[] = []
  let sentence = ''
  let startLine = lines[0]?.line ?? 1
  for (const { line, text } of lines) {
    for (const [index, part] of text.trim().split(SENTENCE_END).entries()) {
      if (index > 0 || (endsSentence(sentence) && !/^\p{Ll}/u.test(part))) {
        if (sentence !== '') sentences.push({ line: startLine, text: sentence })
        sentence = ''
      }
      if (sentence === '') startLine = line
      sentence = `${sentence} ${part}`.trim()
    }
  }
  if (sentence !== '') sentences.push({ line: startLine, text: sentence })
  return sentences
}

const endsSentence = (text: string) => /[.!?]["”’)`*]*$/.test(text)

/**
 * Comments of a TypeScript file, by lines: a block comment is one passage, and so are line comments that follow each other. A tag of a
 * docstring begins a passage of its own, which is a phrase and no sentence, and is left out.
 */
function commentsOf(source: string): Passage[] {
  const passages: Passage[] = []
  let block: Passage | undefined
  let run: Passage | undefined
  for (const [index, raw] of source.split('\n').entries()) {
    const line = index + 1
    const isLineComment = /^\s*\/\//.test(raw)
    if (!isLineComment) run = undefined
    if (block === undefined && /^\s*\{?\/\*/.test(raw)) {
      block = { lines: [] }
      passages.push(block)
    }
    if (block !== undefined) {
      const text = raw.replace(/^\s*\{?(\/\*\*?)?\s?(\*(?!\/))?/, '').replace(/\*\/.*$/, '')
      if (/^\s*@/.test(text))
        block = { lines: [] } // the rest belongs to the tag
      else if (text.trim() === '' || /^\s*- /.test(text)) {
        block = { lines: text.trim() === '' ? [] : [{ line, text: text.replace(/^\s*- /, '') }] }
        passages.push(block)
      } else block.lines.push({ line, text })
      if (raw.includes('*/')) block = undefined
      continue
    }
    const comment = isLineComment ? raw.replace(/^\s*\/\/\s?/, '') : trailingComment(raw)
    if (comment === undefined) continue
    if (isLineComment && run !== undefined) run.lines.push({ line, text: comment })
    else {
      const passage = { lines: [{ line, text: comment }] }
      passages.push(passage)
      if (isLineComment) run = passage
    }
  }
  return passages
}

/** The comment behind the code of a line, unless it stands in a string. */
function trailingComment(line: string): string | undefined {
  const at = line.search(/\s\/\/\s/)
  const isString = at >= 0 && ["'", '`'].some((quote) => line.slice(0, at).split(quote).length % 2 === 0)
  return at < 0 || isString ? undefined : line.slice(at).replace(/^\s\/\/\s/, '')
}

/** Paragraphs and list items of a document, without headings, tables and code. */
function paragraphsOf(source: string): Passage[] {
  const passages: Passage[] = []
  let paragraph: Passage | undefined
  let isCode = false
  for (const [index, text] of source.split('\n').entries()) {
    if (/^\s*```/.test(text)) {
      isCode = !isCode
      paragraph = undefined
      continue
    }
    if (isCode || /^\s*$|^\s*\||^#|^\s*<|^ {4,}\S/.test(text)) {
      paragraph = undefined
      continue
    }
    const isItem = /^\s*([-*+]|\d+\.)\s/.test(text)
    if (paragraph === undefined || isItem) {
      paragraph = { lines: [] }
      passages.push(paragraph)
    }
    paragraph.lines.push({
      line: index + 1,
      text: isItem ? text.replace(/^\s*([-*+]|\d+\.)\s/, (marker) => ' '.repeat(marker.length)) : text,
    })
  }
  return passages
}

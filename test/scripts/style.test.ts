/** The style of the whole tree, counted: sentences without a subject, long lines, and functions, contexts and files over their size. */

import { expect, test } from 'vitest'
import { type Finding, findHeadless, findLongLines } from '../../scripts/checks/language.ts'
import { findLargeContexts, findLongFiles, findLongFunctions, type Oversized } from '../../scripts/checks/structure.ts'
import {
  COMMENTED,
  DOCUMENTS,
  HEADLESS_LEFT,
  LARGE_CONTEXTS_LEFT,
  LONG_FILES_LEFT,
  LONG_FUNCTIONS_LEFT,
  LONG_LINES_LEFT,
  PRODUCT,
  partOf,
} from '../../scripts/checks/style.ts'
import { readTrackedFiles } from '../../scripts/checks/tracked-files.ts'

const headless = (path: string, ...lines: string[]) => findHeadless({ path, text: lines.join('\n') }).map(({ line }) => line)

test('style: a sentence of a comment or document that begins with a headless relative is found, and its line', () => {
  expect(headless('a.ts', '/** Who waits is served in turn. */')).toEqual([1])
  expect(headless('a.ts', '/**', ' * A queue. What', ' * waits is', ' * served.', ' */')).toEqual([2])
  expect(headless('a.ts', 'const a = 1 // whatever comes is one', '// whoever asks', 'b() // A node.')).toEqual([1, 2])
  expect(headless('a.tsx', '  {/* Which ones are shown. */}')).toEqual([1])
  expect(headless('a.md', '# What you see', '', 'A node. What it', 'holds is listed.', '- Who asks is told', '', '| What |')).toEqual([
    3, 5,
  ])
})

test('style: questions, nouns, tags, code and what follows a comma are no headless sentences', () => {
  expect(headless('a.ts', '/** Who waits? The reader. */', '// Bounded by what a peer may hold.', '/** @param x what it is */')).toEqual([])
  expect(headless('a.ts', '// The sender says', '// what it has sent.', "const url = 'https://what.example'")).toEqual([])
  expect(headless('a.md', '```', 'What is this.', '```', 'Peers say what they hold,', 'who they are.')).toEqual([])
})

test('style: a line of prose is too long, a table and code are not', () => {
  const long = 'word '.repeat(30)
  expect(findLongLines({ path: 'a.md', text: [long, '', `| ${long}`, '```', long, '```'].join('\n') }).map(({ line }) => line)).toEqual([1])
})

test('style: long functions and large contexts are found by name', () => {
  const lines = 'work()\n'.repeat(160)
  const text = `export function run() {\n${lines}}\nconst go = () => {\n${lines}}\nclass Short { long() {\n${lines}} }\nfunction small() {}`
  expect(findLongFunctions({ path: 'a.ts', text }).map(({ name }) => name)).toEqual(['run', 'go', 'Short', 'long'])
  const members = (count: number) => Array.from({ length: count }, (_, i) => `m${i}: 1`).join('; ')
  const contexts = `interface SmallContext { ${members(8)} }\ninterface LargeContext { ${members(9)} }\ninterface Options { ${members(20)} }`
  expect(findLargeContexts({ path: 'a.ts', text: contexts }).map(({ name, size }) => [name, size])).toEqual([['LargeContext', 9]])
})

const ADVICE = 'Mend them (all are listed by `node scripts/check-style.ts`); the numbers of scripts/checks/style.ts may only fall'

test.each<[string, RegExp, Readonly<Record<string, number>>, typeof findHeadless]>([
  ['sentence without a subject', COMMENTED, HEADLESS_LEFT, findHeadless],
  ['line of prose over 120 characters', DOCUMENTS, LONG_LINES_LEFT, findLongLines],
])('style: no %s more than were left', (_, files, left, find) => {
  const found = Map.groupBy(readTrackedFiles(files).flatMap(find), ({ path }) => partOf(path))
  const tooMany = [...found].filter(([part, findings]) => findings.length > (left[part] ?? 0))
  const listed = tooMany.flatMap(([, findings]) => findings.map(({ path, line, text }: Finding) => `${path}:${line} ${text}`))
  expect(listed, ADVICE).toEqual([])
})

test.each<[string, Readonly<Record<string, number>>, typeof findLongFunctions]>([
  ['function', LONG_FUNCTIONS_LEFT, findLongFunctions],
  ['context', LARGE_CONTEXTS_LEFT, findLargeContexts],
  ['file', LONG_FILES_LEFT, findLongFiles],
])('style: no %s larger than one reading, but for those that were left', (_, left, find) => {
  const oversized = readTrackedFiles(PRODUCT).flatMap(find)
  const listed = oversized.filter(({ name, size }: Oversized) => size > (left[name] ?? 0))
  expect(
    listed.map(({ path, line, name, size }) => `${path}:${line} ${name}: ${size}`),
    ADVICE,
  ).toEqual([])
})

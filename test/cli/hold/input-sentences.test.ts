import { expect, test } from 'vitest'
import type { HoldInput } from '../../../node/cli/hold/hold-input.ts'
import { describeHeld, describeInput } from '../../../node/cli/hold/input-sentences.ts'
import { memorySource } from '../../../node/index.ts'

function inputOf(name: string, files: number, facts: Partial<HoldInput> = {}): HoldInput {
  const file = { name, path: '', source: memorySource(new Uint8Array(1_024)) }
  return { name, files: Array.from({ length: files }, () => file), hasOwnLinks: true, ...facts }
}

const FOLDER = { files: [], hidden: [], emptyFolders: [], executables: [], leftOut: [] }

test('hold: one file, or a folder without anything to say about it, is one line', () => {
  expect(describeInput(inputOf('notes.txt', 1))).toEqual(['notes.txt: 1.0 KiB'])
  expect(describeInput(inputOf('-', 1))).toEqual(['standard input: 1.0 KiB'])
  expect(describeInput(inputOf('site', 1, { folder: FOLDER }))).toEqual(['site: 1 file, 1.0 KiB'])
  expect(describeInput(inputOf('site', 3, { folder: FOLDER }))).toEqual(['site: 3 files, 3.0 KiB'])
})

test('hold: hidden files, what was left out and what is lost are named, the first of many', () => {
  const many = Array.from({ length: 12 }, (_, i) => `.${i}`)
  const lines = describeInput(
    inputOf('site', 2, {
      folder: { ...FOLDER, hidden: many, leftOut: ['"x": a link out of the folder'], emptyFolders: ['none'], executables: ['run.sh'] },
    }),
  )
  expect(lines).toHaveLength(5)
  const [, hidden, leftOut, empty, programs] = lines
  expect(hidden).toMatch(/--skip-hidden.*: \.0, \.1.*\.9 and 2 more$/)
  expect(leftOut).toContain('"x": a link out of the folder')
  expect(empty).toContain('none')
  expect(programs).toContain('run.sh')
})

test('hold: the count says who holds', () => {
  expect([0, 1, 2, 4].map(describeHeld)).toEqual([
    'Nobody can find it now',
    'Held by this command only',
    'Held by this command and 1 other',
    'Held by this command and 3 others',
  ])
})

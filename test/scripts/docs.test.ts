/** The documents: their generated parts are current, their links lead somewhere, and the README is short enough to be read. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unexplainedPackages } from '../../scripts/docs/dependencies.ts'
import { anchorsOf, documents, relativeLinks } from '../../scripts/docs/documents.ts'
import { ROOT } from '../../scripts/docs/source.ts'
import { PARTS, renderDocument } from '../../scripts/docs.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

test.each(documents())('%s: its generated parts are current (else: npm run docs)', (path) => {
  const document = read(path)
  expect(renderDocument(document).text).toBe(document)
})

test('each generated part stands in one document', () => {
  const parts = documents().flatMap((path) => renderDocument(read(path)).parts)
  expect(parts.sort()).toEqual(Object.keys(PARTS).sort())
})

test('a marker that names no part is refused, and one without its end', () => {
  expect(() => renderDocument('<!-- generated: nothing -->\n<!-- /generated -->\n')).toThrow('nothing')
  expect(() => renderDocument('<!-- generated: flags -->\n')).toThrow('counterpart')
})

test('each relative link leads to a file of the repository, and to a heading of it', () => {
  const files = documents()
  const broken = files.flatMap(relativeLinks).filter(({ path, anchor }) => {
    if (!path.endsWith('.md')) return !isFile(path)
    return !files.includes(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor))
  })
  expect(broken).toEqual([])
})

test('each package of the manifest has its reason', () => {
  expect(unexplainedPackages()).toEqual([])
})

test('the newest version of the changelog is the one of the manifest and of the lockfile', () => {
  const versions = [...read('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/gm)].map(([, version]) => version)
  const manifest: { version: string } = JSON.parse(read('package.json'))
  const lockfile: { version: string } = JSON.parse(read('package-lock.json'))
  expect([manifest.version, lockfile.version]).toEqual([versions[0], versions[0]])
  expect(versions.length).toBeGreaterThanOrEqual(4)
})

test('the README has at most 120 lines and 1,500 words', () => {
  const readme = read('README.md')
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120)
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_500)
})

function isFile(path: string): boolean {
  try {
    readFileSync(join(ROOT, path))
    return true
  } catch {
    return false
  }
}

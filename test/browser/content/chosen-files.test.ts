import { describe, expect, it } from 'vitest'
import {
  type ChosenFile,
  commonFolder,
  filesOfList,
  sizeOf,
  withBundlePaths,
  withDistinctPaths,
} from '../../../browser/content/chosen-files.ts'

const chosen = (...paths: string[]): ChosenFile[] => paths.map((path) => ({ path, file: new File(['abc'], path.split('/').at(-1) ?? '') }))
const pathsOf = (files: readonly ChosenFile[]) => files.map(({ path }) => path)

describe('chosen files', () => {
  it('with equal paths get distinct ones, with a number before the extension', () => {
    const table: [string[], string[]][] = [
      [
        ['a.txt', 'b.txt'],
        ['a.txt', 'b.txt'],
      ],
      [
        ['a.txt', 'a.txt', 'a.txt'],
        ['a.txt', 'a (2).txt', 'a (3).txt'],
      ],
      [
        ['a.txt', 'a.txt', 'a (2).txt'],
        ['a.txt', 'a (3).txt', 'a (2).txt'],
      ],
      [
        ['x/same', 'y/same', 'x/same'],
        ['x/same', 'y/same', 'x/same (2)'],
      ],
      [
        ['.hidden', '.hidden', 'a.b/c', 'a.b/c'],
        ['.hidden', '.hidden (2)', 'a.b/c', 'a.b/c (2)'],
      ],
    ]
    for (const [given, distinct] of table) expect(pathsOf(withDistinctPaths(chosen(...given)))).toEqual(distinct)
  })

  it('have the paths in a bundle that the command gives them: the name of the one chosen folder is left out', () => {
    const table: [string[], string[]][] = [
      [
        ['site/index.html', 'site/img/a.png'],
        ['index.html', 'img/a.png'],
      ],
      [['project/site/index.html'], ['site/index.html']],
      [
        ['site/index.html', 'other/index.html'],
        ['site/index.html', 'other/index.html'],
      ],
      [
        ['site/index.html', 'index.html'],
        ['site/index.html', 'index.html'],
      ],
      [
        ['a.txt', 'a.txt'],
        ['a.txt', 'a (2).txt'],
      ],
    ]
    for (const [given, paths] of table) expect(pathsOf(withBundlePaths(chosen(...given)))).toEqual(paths)
  })

  it('keep their order and their files', () => {
    const files = chosen('same', 'same')
    expect(withDistinctPaths(files).map(({ file }) => file)).toEqual(files.map(({ file }) => file))
  })

  it('have a common folder only when all are in it', () => {
    expect(commonFolder(chosen('site/index.html', 'site/img/a.png'))).toBe('site')
    expect(commonFolder(chosen('site/index.html', 'other/a.png'))).toBeUndefined()
    expect(commonFolder(chosen('site/index.html', 'a.png'))).toBeUndefined()
    expect(commonFolder([])).toBeUndefined()
  })

  it('from a file list have the path in the chosen folder, or their name', () => {
    const inFolder = Object.assign(new File(['x'], 'a.txt'), { webkitRelativePath: 'folder/a.txt' })
    const files = filesOfList([inFolder, new File(['xyz'], 'b.txt')])
    expect(pathsOf(files)).toEqual(['folder/a.txt', 'b.txt'])
    expect(sizeOf(files)).toBe(4)
  })
})

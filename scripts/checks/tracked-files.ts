/** The files that the checks read: those that git knows, of this tree. */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceText {
  /** Path from the root, with slashes. */
  path: string
  text: string
}

/** Files whose paths match, in order. New files count before they are committed. */
export function readTrackedFiles(pattern: RegExp): SourceText[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  const paths = listed.split('\n').filter((path) => pattern.test(path) && existsSync(join(ROOT, path)))
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

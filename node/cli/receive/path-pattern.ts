/** The patterns of `receive --only`: a path, a folder, or a form with `*`, `**` and `?`. */

import { MayflyError } from '../../errors.ts'

/** Whether one of the patterns means the path. One without a slash is for files and folders of that name wherever they are. */
export function matchesPattern(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const form = formOf(pattern.replace(/\/+$/, ''))
    const isName = !/\/./.test(pattern)
    return form.test(path) || (isName && path.split('/').some((part) => form.test(part)))
  })
}

/**
 * All of them when there is no pattern.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: nothing is chosen; the message has some of the paths
 */
export function chooseByPattern<Entry extends { path: string }>(entries: readonly Entry[], patterns: readonly string[]): Entry[] {
  if (patterns.length === 0) return [...entries]
  const chosen = entries.filter(({ path }) => matchesPattern(path, patterns))
  if (chosen.length > 0) return chosen
  const some = entries.slice(0, 10).map(({ path }) => path)
  const more = entries.length > some.length ? ` and ${entries.length - some.length} more` : ''
  throw new MayflyError('ERR_BAD_OPTION', `--only ${patterns.join(' ')}: the share has no such file. It has: ${some.join(', ')}${more}`)
}

/** A folder stands for all that is in it. */
function formOf(pattern: string): RegExp {
  const parts = pattern.match(/\*\*|\*|\?|[^*?]+/g) ?? []
  const source = parts.map((part) => {
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return new RegExp(`^${source.join('')}(?:/.*)?$`, 'us')
}

/** Paths inside bundles as links have them: each part is encoded once, so any name that a bundle may have can be asked for. */

/** The path as a link has it. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/** The path that a link has behind the hash; undefined when a part of it can be no name. A slash at its end stays. */
export function decodePath(text: string): string | undefined {
  const parts = text.split('/').map(decodePart)
  return parts.includes(undefined) ? undefined : resolvePath(parts as string[])
}

/**
 * Removes dot segments and empty parts, as file systems and download programs do. No path leaves the bundle.
 *
 * @param parts decoded
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
 */
export function resolvePath(parts: readonly string[]): string {
  const kept: string[] = []
  for (const part of parts) {
    if (part === '..') kept.pop()
    else if (part !== '.') kept.push(part)
  }
  const names = kept.filter((part) => part !== '')
  const isFolder = names.length > 0 && ['', '.', '..'].includes(parts.at(-1) ?? '')
  return names.join('/') + (isFolder ? '/' : '')
}

/** Undefined for a part that is not UTF-8, or that has a slash, a backslash or a control character once it is decoded. */
function decodePart(part: string): string | undefined {
  try {
    const name = decodeURIComponent(part)
    return /[\u0000-\u001f\u007f/\\]/.test(name) ? undefined : name
  } catch {
    return undefined
  }
}

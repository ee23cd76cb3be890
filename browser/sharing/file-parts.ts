/** Files of a share a few at a time: a browser asks the disk about each of them, and a folder may have thousands. */

import { inNextTurn } from '../../node/async/turn.ts'
import type { ContentSource, ShareEntry, ShareItem } from '../../node/index.ts'
import type { PlacedFile } from './own-items.ts'

/** A name of two was changed. */
export interface Renamed {
  given: string
  path: string
}

/** Enough to have something to share. */
const FIRST_FILES = 32
/** So few that the page still answers. */
const MORE_FILES = 256

/**
 * @param add resolves with the entries of these files, in their order
 * @param goesOn false where the rest is not to be added any more
 * @returns the files whose names were changed, since another has the same
 * @throws what `add` throws
 */
export async function addInParts(
  files: readonly PlacedFile[],
  add: (part: readonly PlacedFile[]) => Promise<readonly ShareEntry[]>,
  goesOn: () => boolean,
): Promise<Renamed[]> {
  const renamed: Renamed[] = []
  for (let at = 0; at < files.length; ) {
    if (at > 0) await new Promise<void>(inNextTurn)
    if (at > 0 && !goesOn()) break
    const part = files.slice(at, at + (at === 0 ? FIRST_FILES : MORE_FILES))
    for (const [i, { path }] of (await add(part)).entries()) {
      const asked = part[i]
      if (asked && path !== asked.path) renamed.push({ given: asked.given, path })
    }
    at += part.length
  }
  return renamed
}

export function itemOf(path: string, { type, lastModified }: File, source: ContentSource): ShareItem {
  return { kind: 'file', path, source, mediaType: type, modifiedMs: lastModified }
}

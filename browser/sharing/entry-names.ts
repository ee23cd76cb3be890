/** The names of a share's entries where they are saved: safe for every common system, and none of them twice. */

import type { ShareEntry } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/types.ts'

type SafePath = ReturnType<PeerLibrary['safePath']>

export class EntryNames {
  readonly #safePath: PeerLibrary['safePath']
  readonly #taken = new Set<string>()
  /** By entry. Bounded by the entries. */
  readonly #names = new Map<number, SafePath & { from: string }>()

  constructor(safePath: PeerLibrary['safePath']) {
    this.#safePath = safePath
  }

  of({ id, path }: ShareEntry): SafePath {
    const before = this.#names.get(id)
    if (before?.from === path) return before
    return this.#make(id, path)
  }

  /** A file that was there before has its name: it gets the next number. */
  another({ id, path }: ShareEntry): SafePath {
    return this.#make(id, path)
  }

  #make(id: number, path: string): SafePath {
    const made = { ...this.#safePath(path, this.#taken), from: path }
    this.#names.set(id, made)
    return made
  }
}

/** Pages to hold and read: each different from every other, so that no cache can help. */

import { createHash, randomBytes } from 'node:crypto'

export interface Page {
  key: Uint8Array
  bytes: Uint8Array
}

/** @param size in bytes */
export function makePage(size: number): Page {
  const bytes = new Uint8Array(randomBytes(size))
  return { key: new Uint8Array(createHash('sha256').update(bytes).digest()), bytes }
}

export function makePages(count: number, size: number): Page[] {
  return Array.from({ length: count }, () => makePage(size))
}

export function isPage(key: Uint8Array, bytes: Uint8Array): boolean {
  return createHash('sha256').update(bytes).digest().equals(key)
}

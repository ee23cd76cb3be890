/** Where a receiver with a plain name keeps what it has. Without the overlay: each command looks here, and most need nothing else of a receiver. */

import { join } from 'node:path'

/** Names that a directory can have on every system. */
const PLAIN_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/

export function receiversPath(dataDirectory: string): string {
  return join(dataDirectory, 'receivers')
}

/** Undefined for a name that a directory cannot have. */
export function plainReceiverPath(dataDirectory: string, name: string): string | undefined {
  return PLAIN_NAME.test(name) ? join(receiversPath(dataDirectory), name) : undefined
}

/** @param path of the receiver */
export function inboxPathIn(path: string): string {
  return join(path, 'inbox.db')
}

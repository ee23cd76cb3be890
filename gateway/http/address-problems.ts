/** Problems of paths that name nothing, or content that cannot be answered. */

import { isKeyHex } from '../../node/index.ts'
import { type ContentAddress, suggestPath } from './address.ts'
import { type ProblemError, problemError } from './problem.ts'

/** @param fault what is wrong with the path, as `pathFault` says it */
export function badAddress(path: string, fault: string): ProblemError {
  const link = suggestPath(path)
  return problemError(400, 'ERR_BAD_KEY', `That path names nothing here: ${fault}.`, {
    advice: 'The address of a page is a slash and the 64 lower-case hex digits of its SHA-256.',
    ...(link === null ? {} : { link }),
  })
}

/** @throws {ProblemError} 400, for a text that is not 64 lower-case hex digits */
export function requireHash(text: string): string {
  if (isKeyHex(text)) return text
  throw badAddress(`/${text}`, 'it does not end in 64 lower-case hex digits')
}

export function noBundle({ hash, raw }: ContentAddress): ProblemError {
  return problemError(404, 'ERR_NO_BUNDLE', 'There is nothing inside that content: it is a single file.', {
    link: `${raw ? '/raw' : ''}/${hash}`,
  })
}

export function deniedContent(): ProblemError {
  return problemError(410, 'ERR_DENIED', 'The operator of this gateway refuses to serve this content.')
}

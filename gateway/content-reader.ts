/** Answers a request for content at `/<hash>` or `/raw/<hash>`: the viewer for a person who goes there, the bytes for everybody else. */

import { decodeKeyHex } from '../node/index.ts'
import type { ContentAddress } from './address.ts'
import { noBundle } from './address-problems.ts'
import { answerReadOptions, type ContentAnswers, requireReadMethod } from './content-answer.ts'
import type { ContentSearch } from './content-search.ts'
import { isNavigation } from './media-range.ts'
import { type Problem, ProblemError, problemOf } from './problem.ts'
import type { Visit } from './types.ts'
import type { ViewerPage } from './viewer-page.ts'

export interface ContentReaderParts {
  search: ContentSearch
  answers: ContentAnswers
  viewer: ViewerPage
  /** Keys, in hex, that this gateway refuses to serve. */
  denied: ReadonlySet<string>
}

/** Nobody has it, nobody could be asked, nobody gave it: a person waits for better times in the viewer. */
const VIEWABLE: ReadonlySet<Problem['status']> = new Set([404, 503, 504])

export class ContentReader {
  readonly #parts: ContentReaderParts

  constructor(parts: ContentReaderParts) {
    this.#parts = parts
  }

  async answer(address: ContentAddress, visit: Visit): Promise<Response> {
    const { method, headers } = visit.request
    if (method === 'OPTIONS') return answerReadOptions()
    requireReadMethod(method)
    if (address.inside !== undefined) throw noBundle(address)
    this.requireAllowed(address.hash)
    return !address.raw && isNavigation(headers) ? this.#view(address.hash, visit) : this.#give(address, visit)
  }

  /** @throws {ProblemError} 410 */
  requireAllowed(hash: string): void {
    if (!this.#parts.denied.has(hash)) return
    throw new ProblemError({ status: 410, code: 'ERR_DENIED', message: 'The operator of this gateway refuses to serve this content.' })
  }

  async #give({ hash, raw }: ContentAddress, visit: Visit): Promise<Response> {
    const { search, answers } = this.#parts
    const content = await search.get(decodeKeyHex(hash), visit)
    return answers.answer(content, hash, visit, !raw)
  }

  async #view(hash: string, visit: Visit): Promise<Response> {
    const { search, answers, viewer } = this.#parts
    const { method } = visit.request
    try {
      const content = await search.get(decodeKeyHex(hash), visit)
      return viewer.answer(hash, { content: await answers.know(content, hash) }, method)
    } catch (error) {
      const problem = problemOf(error)
      if (problem === null || !VIEWABLE.has(problem.status)) throw error
      return viewer.answer(hash, { problem }, method)
    }
  }
}

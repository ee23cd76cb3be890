/** Answers `/<hash>`, `/raw/<hash>` and paths inside them: with the viewer for a browser's navigation, with the bytes for any other request. */

import { decodeKeyHex, encodePath, type OpenedContent } from '../../node/index.ts'
import type { ContentAddress } from '../http/address.ts'
import { outlineQuery, parseBundle, parseOutline } from '../http/link-query.ts'
import { isNavigation } from '../http/navigation.ts'
import { type Problem, type ProblemError, problemError, problemOf } from '../http/problem.ts'
import { answerReadOptions, requireReadMethod } from '../http/route.ts'
import type { GatewayRequest } from '../types.ts'
import { type BundleReader, redirect } from './bundle-reader.ts'
import type { ContentAnswers } from './content-answer.ts'
import type { ContentProofs } from './content-proof.ts'
import type { ContentSearch } from './content-search.ts'
import { BUNDLE_TYPE, type ContentType } from './content-type.ts'
import type { ViewerPage } from './viewer-page.ts'

interface ContentReaderParts {
  search: ContentSearch
  answers: ContentAnswers
  proofs: ContentProofs
  bundles: BundleReader
  answerWithViewer: ViewerPage
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
}

/** No holder, no network, no bytes in time: statuses that the viewer shows, since they may pass while its reader waits. */
const VIEWABLE: ReadonlySet<Problem['status']> = new Set([404, 503, 504])

const LISTING_TYPE: ContentType = { type: 'text/html; charset=utf-8', extension: 'html' }

/** Makes the handler of these addresses. */
export function createContentReader({ search, answers, proofs, bundles, answerWithViewer, requireAllowed }: ContentReaderParts) {
  async function answerBytes(address: ContentAddress, incoming: GatewayRequest, format: string | null): Promise<Response> {
    const { hash, raw, inside } = address
    const content = await find(hash, incoming)
    if (format === null && inside === undefined) {
      const { method, headers } = incoming.request
      if (method === 'GET' && headers.has('range') && proofs.isProvable(content)) await proofs.prove(content, incoming)
      return answers.answer(content, hash, incoming, !raw)
    }
    const found = { content, facts: await answers.describe(content, hash, incoming) }
    if (format === 'zip') return bundles.zip(found, address, incoming)
    if (format === 'metalink') return bundles.metalink(found, address, incoming)
    if (format !== null) throw unknownFormat(format)
    return bundles.answer(found, address, incoming)
  }

  async function answerViewer(address: ContentAddress, incoming: GatewayRequest): Promise<Response> {
    const { hash, inside } = address
    const { method } = incoming.request
    try {
      const content = await find(hash, incoming)
      const found = { content, facts: await answers.describe(content, hash, incoming) }
      if (found.facts.contentType !== BUNDLE_TYPE && inside === undefined)
        return answerWithViewer(hash, { content: found.facts, bytes: content.bytes }, method)
      const raw = `/raw/${hash}/${encodePath(inside ?? '')}${outlineQuery(found.facts.outline)}`
      const target = await bundles.target(found, { ...address, inside: inside ?? '' }, incoming)
      if ('location' in target) return redirect(target.location)
      // The listing of a folder is framed like a page of its author.
      const shown = 'folder' in target ? { ...found.facts, contentType: LISTING_TYPE } : target.file.facts
      return answerWithViewer(hash, { content: shown, raw }, method)
    } catch (error) {
      const problem = problemOf(error)
      if (problem === null || !VIEWABLE.has(problem.status) || problem.code === 'ERR_NO_BUNDLE' || problem.code === 'ERR_NO_ENTRY')
        throw error
      return answerWithViewer(hash, { problem }, method)
    }
  }

  function find(hash: string, incoming: GatewayRequest): Promise<OpenedContent> {
    const [outline, bundle] = [parseOutline(incoming.query), parseBundle(incoming.query)]
    return search.open(decodeKeyHex(hash), incoming, { ...(outline && { outline }), ...(bundle && { bundle }) })
  }

  return async (address: ContentAddress, incoming: GatewayRequest): Promise<Response> => {
    const { method, headers } = incoming.request
    if (method === 'OPTIONS') return answerReadOptions()
    requireReadMethod(method)
    requireAllowed(address.hash)
    const format = incoming.query.size === 0 ? null : incoming.query.get('format')
    if (format !== null) return answerBytes(address, incoming, format)
    return !address.raw && isNavigation(headers) ? answerViewer(address, incoming) : answerBytes(address, incoming, null)
  }
}

function unknownFormat(format: string): ProblemError {
  return problemError(406, 'ERR_NOT_ACCEPTABLE', `There is no format ${JSON.stringify(format.slice(0, 40))} of content here.`, {
    advice: 'Leave out ?format= to get the bytes, or ask for ?format=metalink, or ?format=zip of a bundle.',
  })
}

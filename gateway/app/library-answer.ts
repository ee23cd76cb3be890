/** Answers with the library, `mayfly/browser`, as a module for pages of every origin, and tells its integrity. */

import { problemError } from '../http/problem.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'
import { type AppAssets, LIBRARY_PATH } from './app-assets.ts'

/** The library as the status tells it. */
export interface LibraryFacts {
  url: string
  /** Of the module alone; the import map has that of what it loads later, too. */
  integrity: string
}

/** @param publicUrl the origin of the library's URLs; without one, the origin at which each client asks */
export function createLibraryAnswers(assets: Pick<AppAssets, 'answer' | 'libraryIntegrity'>, publicUrl?: string) {
  const urlOf = (path: string, { request }: Pick<GatewayRequest, 'request'>) => (publicUrl ?? new URL(request.url).origin) + path

  return {
    /** Undefined when it is not built. */
    facts(incoming: Pick<GatewayRequest, 'request'>): LibraryFacts | undefined {
      const integrity = assets.libraryIntegrity.get(LIBRARY_PATH)
      return integrity === undefined ? undefined : { url: urlOf(LIBRARY_PATH, incoming), integrity }
    },
    async file(incoming: GatewayRequest): Promise<Response> {
      const answer = await assets.answer(incoming.path, incoming)
      if (answer !== null) return answer
      if (assets.libraryIntegrity.size === 0) {
        throw problemError(404, 'ERR_NOT_FOUND', 'The library is not built here. Build it with "npm run build" and start the node again.')
      }
      throw problemError(404, 'ERR_NOT_FOUND', 'The library has no such file.', {
        advice: `It begins at ${LIBRARY_PATH}. A page that was open while the gateway was brought up to date has to be loaded again.`,
      })
    },
    /** An import map for a page of another origin. @see https://html.spec.whatwg.org/multipage/webappapis.html#import-map-integrity-metadata-map */
    importMap(incoming: GatewayRequest): Response {
      const integrity = Object.fromEntries([...assets.libraryIntegrity].map(([path, value]) => [urlOf(path, incoming), value]))
      const map = { imports: { mayfly: urlOf(LIBRARY_PATH, incoming) }, integrity }
      return new Response(`${JSON.stringify(map, null, 2)}\n`, { headers: { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' } })
    },
  }
}

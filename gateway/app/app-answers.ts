/** Answers with the app: its page and its files, and problems for all paths that are no address. */

import { badAddress } from '../http/address.ts'
import { plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { problemError } from '../http/problem.ts'
import { requireReadMethod } from '../http/read-options.ts'
import type { GatewayRequest } from '../types.ts'
import type { AppAssets } from './app-assets.ts'

export function createAppAnswers(assets: AppAssets) {
  return {
    async home(incoming: GatewayRequest): Promise<Response> {
      const page = await assets.answer('/index.html', incoming)
      if (page !== null) return page
      const body =
        '<p>This node runs, but its app is not built. Build it with <code>npm run build</code> and start the node again.</p>' +
        '<p>Reading works without it: open <code>/&lt;hash&gt;</code>, or hold a file with <code>mayfly hold FILE</code>.</p>'
      return new Response(renderPlainPage({ title: 'mayfly', body }), { headers: plainPageHeaders('nobody') })
    },
    /** A file under `/assets/`. */
    async asset(incoming: GatewayRequest): Promise<Response> {
      const answer = await assets.answer(incoming.path, incoming)
      if (answer !== null) return answer
      throw problemError(404, 'ERR_NOT_FOUND', 'The app has no such file.')
    },
    /** Answers files at the root of the app (an icon, robots.txt), and all paths that are no address. */
    async elsewhere(incoming: GatewayRequest): Promise<Response> {
      const { path, request } = incoming
      if (/^\/[a-z0-9-]+\.(?!html)[a-z]+$/.test(path)) {
        const file = await assets.answer(path, incoming)
        if (file !== null) return file
      }
      if (path.startsWith('/routing/')) {
        throw problemError(
          501,
          'ERR_NOT_IMPLEMENTED',
          'This gateway serves only GET /routing/v1/providers/CID of the delegated routing API.',
        )
      }
      if (/^\/(?:api|to|ipfs|ipns)\//.test(path)) {
        throw problemError(404, 'ERR_NOT_FOUND', `There is no ${path} here.`)
      }
      requireReadMethod(request.method)
      throw badAddress(path, 'it is not 64 lower-case hex digits')
    },
  }
}

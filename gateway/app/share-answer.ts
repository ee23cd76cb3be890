/** The answer at the link of a share, and of a drop box, to programs as curl: it says how the command receives and sends. */

import { leavesChoice } from '../http/media-range.ts'
import { plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import type { GatewayRequest } from '../types.ts'

const PAGES = {
  share: {
    title: 'Somebody shares files with you',
    body: '<p>They come from whoever made this link, as long as they are there. Open the link in a browser; or in a terminal, with the whole link, the part after # included:</p><p><code>mayfly receive LINK</code></p>',
  },
  box: {
    title: 'Somebody takes files here',
    body: '<p>They go to whoever made this link, as long as they are there. Open the link in a browser; or in a terminal, with the whole link, the part after # included:</p><p><code>mayfly share FILE --to LINK</code></p>',
  },
} as const

/** The link's secret stands behind the `#`, which a gateway never gets: this page says nothing about the share or the box itself. */
export function answerSharePage(kind: keyof typeof PAGES): Response {
  return new Response(renderPlainPage(PAGES[kind]), {
    headers: { ...plainPageHeaders('nobody'), 'cache-control': 'no-cache', vary: 'accept' },
  })
}

/** It runs no scripts: browsers ask for HTML by its name. */
export function isProgram({ request }: GatewayRequest): boolean {
  return leavesChoice(request.headers.get('accept'))
}

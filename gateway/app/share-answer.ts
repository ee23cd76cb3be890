/** The answer at the link of a share, or of a drop box, while no page of the app receives and sends: it says how the command does. */

import { plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'

const PAGES = {
  share: {
    title: 'Somebody shares files with you',
    body: '<p>They come from whoever made this link, as long as they are there. In a terminal, with the whole link, the part after # included:</p><p><code>mayfly receive LINK</code></p>',
  },
  box: {
    title: 'Somebody takes files here',
    body: '<p>They go to whoever made this link, as long as they are there. In a terminal, with the whole link, the part after # included:</p><p><code>mayfly share FILE --to LINK</code></p>',
  },
} as const

/** The link's secret stands behind the `#`, which a gateway never gets: this page says nothing about the share itself. */
export function answerSharePage(kind: keyof typeof PAGES): Response {
  return new Response(renderPlainPage(PAGES[kind]), { headers: { ...plainPageHeaders('nobody'), 'cache-control': 'no-cache' } })
}

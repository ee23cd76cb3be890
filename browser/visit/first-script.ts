/**
 * The first script of the page of a share, which stands in its document (vite.config.ts): it opens the websocket of the first stage while the modules
 * of the page are on their way. `receive-view.tsx` goes on with it.
 */

import { openEarlySocket } from '../../node/library/early-socket.ts'

const [, id] = /^(?:\/app)?\/s\/([a-z2-7]{52})$/.exec(location.pathname) ?? []
// Without encryption there is no first stage; and a link whose secret was cut off is told from others by the page.
if (id !== undefined && location.hash.length > 1 && isSecureContext) openEarlySocket(location.origin, id)

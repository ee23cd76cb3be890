/**
 * The first script of the page of a share, which stands in its document (vite.config.ts): it opens the websocket of the first stage and says hello
 * while the modules of the page are on their way. `receive-view.tsx` goes on with it, as the same receiver.
 */

import { openEarlySocket } from '../../node/library/early-socket.ts'
import { deviceLabel } from '../text/device-label.ts'
import { localStore, receiverIdOf } from './receiver-id.ts'

const [, id] = /^(?:\/app)?\/s\/([a-z2-7]{52})$/.exec(location.pathname) ?? []
const [, secret] = /^#([a-z2-7]+)/i.exec(location.hash) ?? []
// Without encryption there is no first stage; and a link whose secret was cut off is told from others by the page.
if (id !== undefined && secret !== undefined && isSecureContext)
  openEarlySocket(location.origin, id, secret, () => ({
    receiver: receiverIdOf(localStore(), id),
    label: deviceLabel(navigator.userAgent),
  }))

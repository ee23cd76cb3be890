/** The parts that the share of this tab is made of, small enough to be there before the first paint. */

import type { PeerSession } from '../peer/peer-session.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import type { SharePeer } from './share-peer.ts'

/** In the session storage, while there is something to bring back. */
export const SHARE_RECORD = 'mayfly:share'

export interface OwnShareParts {
  session: PeerSession
  peer: Pick<SharePeer, 'open'>
  store: SessionStore
  window: Window
}

/** The first script in the document of `share-tab-page.ts`, as a gateway's page of a share has one: it opens the websocket of the first
 * stage, and says hello. */

import { openEarlySocket } from '../../../node/library/early-socket.ts'
import { readPageLink } from './bulk-page.ts'
import type { ShareLink } from './share-tab-page.ts'

const link = readPageLink<ShareLink>()
const [, id, secret] = /^\/s\/([a-z2-7]+)#([a-z2-7]+)$/.exec(link?.reference ?? '') ?? []
if (link !== undefined && id !== undefined && secret !== undefined && link.hasFirstStage !== false)
  openEarlySocket(link.gateway, id, secret)

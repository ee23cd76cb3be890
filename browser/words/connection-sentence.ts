/** The connection of this tab to the network, in words. */

import type { Connection } from '../peer/peer-session.ts'

/** Short enough for the head of a phone's page. */
export function connectionText(connection: Connection): string {
  switch (connection.state) {
    case 'loading':
      return 'Loading…'
    case 'joining':
      return connection.reason === undefined ? 'Connecting…' : notConnected(connection.reason)
    case 'joined':
      return `Connected through ${connection.through}`
    case 'lost':
      return notConnected(connection.reason)
    case 'failed':
      return 'Cannot connect. Reload to try again'
  }
}

/** The whole reason is the tooltip. The one that only the gateway's operator can mend is said at once. */
function notConnected(reason: string): string {
  return `Not connected${reason.includes('pass websockets on') ? ': no websocket passes this gateway’s proxy' : ''}, trying again…`
}

/** The connection of this tab to the network, in words. */

import type { Connection } from '../peer/peer-session.ts'

/** Short enough for the head of a phone's page. */
export function connectionText(connection: Connection): string {
  switch (connection.state) {
    case 'loading':
      return 'Loading…'
    case 'joining':
      return connection.reason === undefined ? 'Connecting…' : 'Not connected, trying again…'
    case 'joined':
      return `Connected through ${connection.through}`
    case 'lost':
      return 'Not connected, trying again…'
    case 'failed':
      return 'Cannot connect. Reload to try again'
  }
}

/** How this tab stands with the network, in words. The states are those of `peer-session.ts`. */

import type { Connection } from '../peer/peer-session.ts'

/** Short enough for the head of a phone's page. */
export function connectionText(connection: Connection): string {
  switch (connection.state) {
    case 'loading':
      return 'Loading…'
    case 'joining':
      return connection.reason === undefined ? 'Joining…' : 'Not connected, trying again…'
    case 'joined':
      return `Joined through ${connection.through}`
    case 'lost':
      return 'Not connected, trying again…'
    case 'failed':
      return 'Cannot join. Reload to try again'
  }
}

/** Why, where there is something to say. */
export function connectionReason(connection: Connection): string | undefined {
  return 'reason' in connection ? connection.reason : undefined
}

/**
 * RTCPeerConnections that end with their page. A page that is closed leaves its TURN allocation at the server for ten minutes (Chromium 156,
 * coturn 4.6: findings/chromium-turn-left.sh), where it counts against the server's quotas; a connection that is closed gives it back at once.
 */

/** The same class, whose connections are closed when the page goes, also those that are still being made. */
export function closeWithPage(PeerConnection: typeof RTCPeerConnection, page: Pick<Window, 'addEventListener'>): typeof RTCPeerConnection {
  /** Bounded by those who make connections, and close them. */
  const open = new Set<RTCPeerConnection>()
  page.addEventListener('pagehide', () => {
    for (const connection of [...open]) connection.close()
  })
  return class extends PeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      open.add(this)
    }

    override close(): void {
      open.delete(this)
      super.close()
    }
  }
}

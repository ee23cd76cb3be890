import { expect, it } from 'vitest'
import { closeWithPage } from '../../../browser/peer/page-connections.ts'

it('connections that are open or being made are closed with their page, each once', () => {
  const page = new EventTarget()
  const closed: unknown[] = []
  class PeerConnection {
    readonly configuration: RTCConfiguration | undefined
    constructor(configuration?: RTCConfiguration) {
      this.configuration = configuration
    }
    close(): void {
      closed.push(this)
    }
  }
  const Closing = closeWithPage(PeerConnection as unknown as typeof RTCPeerConnection, page as Window)
  const configuration = { iceServers: [] }
  const [one, other] = [new Closing(configuration), new Closing()]
  expect(one).toMatchObject({ configuration })
  one.close()
  page.dispatchEvent(new Event('pagehide'))
  page.dispatchEvent(new Event('pagehide'))
  expect(closed).toEqual([one, other])
})

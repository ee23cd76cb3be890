import { expect, it } from 'vitest'
import { soundPeerConnection } from '../../../browser/peer/sound-peer-connection.ts'

/** A data channel like a browser's: its state is on the prototype, and each event fires once. */
class Channel extends EventTarget {
  state: RTCDataChannelState = 'connecting'
  get readyState(): RTCDataChannelState {
    return this.state
  }
  close(): void {
    this.is('closing')
  }
  is(state: RTCDataChannelState): void {
    this.state = state
    if (state === 'open' || state === 'closed') this.dispatchEvent(new Event(state === 'open' ? 'open' : 'close'))
  }
}

class PeerConnection {
  createDataChannel(): Channel {
    return new Channel()
  }
}

function openChannel(label: string): Channel {
  const Sound = soundPeerConnection(PeerConnection as unknown as typeof RTCPeerConnection)
  return new Sound().createDataChannel(label) as unknown as Channel
}

const closed = (channel: Channel) => new Promise((resolve) => channel.addEventListener('close', resolve))

it('a first channel that the other end closed early reports open, and fires close for its closer', async () => {
  const channel = openChannel('init')
  expect(channel.readyState).toBe('connecting')
  for (const state of ['open', 'closing', 'closed'] as const) channel.is(state)
  expect(channel.readyState).toBe('open')
  channel.close()
  await closed(channel)
})

it('a first channel that the other end is closing fires close once', async () => {
  const channel = openChannel('init')
  for (const state of ['open', 'closing'] as const) channel.is(state)
  expect(channel.readyState).toBe('open')
  channel.close()
  const end = closed(channel)
  channel.is('closed')
  await end
})

it('a first channel that never opened does not report open, and other channels are unchanged', () => {
  const first = openChannel('init')
  first.is('closed')
  expect(first.readyState).toBe('closed')
  const other = openChannel('')
  for (const state of ['open', 'closed'] as const) other.is(state)
  expect(other.readyState).toBe('closed')
})

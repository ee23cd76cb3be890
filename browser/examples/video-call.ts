/**
 * A video call of two contacts. The page has an RTCPeerConnection of its own, and the library carries what its ends must tell each other. One of
 * them makes a link, the other opens it; from then on each may call the other.
 */

import { createPeer } from 'mayfly/browser'

/** Descriptions of the two ends, with all their addresses in them. */
type Calls = { video: { input: string; output: string } }

/** How long the other may take to answer, in ms. */
const RINGING_MS = 60_000

const query = new URLSearchParams(location.search)
const gateway = query.get('gateway') ?? location.origin
const { people, start } = await createPeer<Calls>({ gateway, content: false, people: true })
await start()
await people.connect()

document.body.innerHTML = `
  <p><button id="invite">Make a link</button> <output></output></p>
  <p><button id="call" disabled>Call</button> <button id="answer" hidden>Answer</button> <button id="end" hidden>End</button></p>
  <video id="own" autoplay playsinline muted width="240"></video> <video id="other" autoplay playsinline width="240"></video>`
const element = <T extends HTMLElement = HTMLButtonElement>(id: string) => document.querySelector(id) as T
const [invite, call, answer, end] = ['#invite', '#call', '#answer', '#end'].map((id) => element(id)) as [
  HTMLButtonElement,
  HTMLButtonElement,
  HTMLButtonElement,
  HTMLButtonElement,
]

invite.onclick = async () => {
  const { token, claimed } = await people.contacts.requestToken('my friend')
  element<HTMLOutputElement>('output').textContent = `${location.origin}${location.pathname}${location.search}#add=${token}`
  await claimed
}
const token = new URLSearchParams(location.hash.slice(1)).get('add')
if (token !== null) await people.contacts.claimToken('my friend', token)

const isThere = () => people.present().some(({ relation }) => relation === 'contact')
for (const event of ['connect', 'disconnect'] as const) {
  people.on(event, () => {
    call.disabled = !isThere()
  })
}

async function openCall(): Promise<RTCPeerConnection> {
  const connection = new RTCPeerConnection()
  const own = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
  for (const track of own.getTracks()) connection.addTrack(track, own)
  element<HTMLVideoElement>('#own').srcObject = own
  connection.ontrack = ({ streams: [stream] }) => {
    element<HTMLVideoElement>('#other').srcObject = stream ?? null
  }
  const close = () => {
    connection.close()
    for (const track of own.getTracks()) track.stop()
    end.hidden = true
  }
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'failed' || connection.connectionState === 'disconnected') close()
  }
  addEventListener('pagehide', close)
  end.onclick = close
  end.hidden = false
  return connection
}

/** The description with all addresses of this end, so that one message each way is enough. */
async function describe(connection: RTCPeerConnection): Promise<string> {
  await connection.setLocalDescription()
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }))
  }
  return connection.localDescription?.sdp ?? ''
}

call.onclick = async () => {
  const connection = await openCall()
  const [first] = await people
    .get('my friend')
    .message('video', await describe(connection))
    .settled()
  if (first !== undefined && 'value' in first) await connection.setRemoteDescription({ type: 'answer', sdp: first.value })
  else end.click()
}

people.module(
  'video',
  async (sdp, { signal }) => {
    answer.hidden = false
    await new Promise((resolve, reject) => {
      answer.onclick = resolve
      signal.onabort = reject // the caller has given up
    }).finally(() => {
      answer.hidden = true
    })
    const connection = await openCall()
    await connection.setRemoteDescription({ type: 'offer', sdp })
    return describe(connection)
  },
  { timeoutMs: RINGING_MS },
)

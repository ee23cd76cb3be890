/** A chat in somebody's page, as short as it can be: who is here, what they say, and a line to write. `npm run bench -- bundle` measures it. */

import { createPeer, hashnameOf } from 'mayfly/browser'

const query = new URLSearchParams(location.search)
const room = `#${query.get('room') ?? 'chat'}`
const peer = await createPeer({ gateway: query.get('gateway') ?? location.origin, content: false })
await peer.start()
await peer.joined()
const tap = peer.messages.tap(room)
await tap.ready

document.body.innerHTML = '<ol></ol><form><input name="line" autocomplete="off"><button>Send</button></form>'
const [list, form] = [document.querySelector('ol') as HTMLElement, document.querySelector('form') as HTMLFormElement]
form.onsubmit = async (event) => {
  event.preventDefault()
  const input = form.elements.namedItem('line') as HTMLInputElement
  await peer.messages.post(room, input.value)
  input.value = ''
}

for await (const { from, body } of tap) {
  const line = document.createElement('li')
  line.textContent = `${hashnameOf(from).slice(0, 8)}: ${new TextDecoder().decode(body)}`
  list.append(line)
}

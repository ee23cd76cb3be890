/** A text that the members of a room write together, with Yjs: it comes together again after any cut. Each sees who else writes. */

import { createPeer } from 'mayfly/browser'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { shareInRoom } from './yjs-room.ts'

const query = new URLSearchParams(location.search)
const peer = await createPeer({
  gateway: query.get('gateway') ?? location.origin,
  content: false,
  people: { account: { kind: 'guest' } },
})
await peer.start()
await peer.people.connect()
const room = await peer.people.room(query.get('room') ?? 'text')

const doc = new Y.Doc()
const text = doc.getText('text')
const awareness = new Awareness(doc)
awareness.setLocalState({ name: query.get('name') ?? 'somebody' })
shareInRoom(doc, awareness, room, peer.id)

document.body.innerHTML = '<p>Here: <output></output></p><textarea rows="20" cols="80"></textarea>'
const area = document.querySelector('textarea') as HTMLTextAreaElement
const names = document.querySelector('output') as HTMLOutputElement

text.observe(() => {
  if (area.value !== text.toString()) area.value = text.toString()
})
area.oninput = () => {
  const [before, after] = [text.toString(), area.value]
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  let end = 0
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++
  doc.transact(() => {
    text.delete(start, before.length - end - start)
    text.insert(start, after.slice(start, after.length - end))
  })
}
awareness.on('change', () => {
  names.textContent = [...awareness.getStates().values()].map(({ name }) => String(name)).join(', ')
})

/** Cursors: each member of a room sees where the pointers of the others are. A late joiner sees them at once. */

import { createPeer } from 'mayfly/browser'

const query = new URLSearchParams(location.search)
const peer = await createPeer({
  gateway: query.get('gateway') ?? location.origin,
  content: false,
  people: { account: { kind: 'guest' } },
})
await peer.start()
await peer.people.connect()
const room = await peer.people.room(query.get('room') ?? 'cursors')

document.onpointermove = ({ clientX, clientY }) => room.setState({ x: clientX / innerWidth, y: clientY / innerHeight })
document.onpointerleave = () => room.setState(undefined)

/** By instance. Bounded: one for each member that shows its pointer. */
const pointers = new Map<string, HTMLElement>()
function removePointer(instance: string): void {
  pointers.get(instance)?.remove()
  pointers.delete(instance)
}
room.on('peerdisconnect', ({ person }) => removePointer(person.instance))
room.on('state', ({ person, state }) => {
  removePointer(person.instance)
  if (state === undefined) return
  const { x, y } = state as { x: number; y: number }
  const pointer = document.createElement('div')
  pointer.textContent = `⬉ ${person.alias ?? person.account.slice(0, 8)}`
  pointer.style.cssText = `position: fixed; pointer-events: none; left: ${x * 100}%; top: ${y * 100}%`
  document.body.append(pointer)
  pointers.set(person.instance, pointer)
})

/** A chat in a room, as short as it can be: whoever knows its name and password hears and is heard. */

import { createPeer } from 'mayfly/browser'

const query = new URLSearchParams(location.search)
const gateway = query.get('gateway') ?? location.origin
const peer = await createPeer({ gateway, content: false, people: { account: { kind: 'guest' } } })
await peer.start()
await peer.people.connect()
const room = await peer.people.room(query.get('room') ?? 'chat', { password: query.get('password') ?? 'three random words' })

document.body.innerHTML = '<ol></ol><form><input name="line" autocomplete="off"><button>Say</button></form>'
const [list, form, input] = ['ol', 'form', 'input'].map((name) => document.querySelector(name) as HTMLInputElement)
const show = (line: string) => list?.append(Object.assign(document.createElement('li'), { textContent: line }))
room.on('connect', ({ person }) => show(`${person.account.slice(0, 8)} is here`))
room.module('say', (line, { caller }) => show(`${caller.account.slice(0, 8)}: ${line}`))
form?.addEventListener('submit', (event) => {
  event.preventDefault()
  room.get('*').message('say', input?.value ?? '')
})

/** Echo: each tab of a person asks all the others, and shows what they answer. Of n tabs, each shows n − 1 answers. */

import { createPeer } from 'mayfly/browser'

const query = new URLSearchParams(location.search)
const { people, start } = await createPeer<{ echo: { input: string; output: string } }>({
  gateway: query.get('gateway') ?? location.origin,
  content: false,
  people: true,
})
people.module('echo', (text) => `Not ${text}`)
await start()
await people.connect()

document.body.innerHTML = '<p>Others: <output>0</output></p><button>Ask all</button><ol></ol>'
const [count, button, list] = ['output', 'button', 'ol'].map((name) => document.querySelector(name) as HTMLElement) as [
  HTMLElement,
  HTMLElement,
  HTMLElement,
]
const showCount = () => {
  count.textContent = String(people.present().length)
}
people.on('peerconnect', showCount)
people.on('peerdisconnect', showCount)

button.onclick = async () => {
  for await (const answer of people.get('*').message('echo', 'Friday')) {
    const line = document.createElement('li')
    line.textContent = 'value' in answer ? answer.value : answer.error.message
    list.append(line)
  }
}

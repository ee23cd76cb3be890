import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createPeer } from '../../browser/library.ts'

it('a tab peer needs a gateway to join through', async () => {
  for (const gateway of ['', []]) await expect(createPeer({ gateway })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

it('a tab peer is made for one gateway or several, and is a tab', async () => {
  for (const gateway of ['http://localhost:4000', ['http://localhost:4000', 'http://localhost:4001']]) {
    const peer = await createPeer({ gateway, limits: { maxHeldContents: 3 } })
    expect(peer.role).toBe('tab')
    expect(peer.status().limits.maxHeldContents).toBe(3)
    await peer.stop()
  }
})

it('the chat of the manual is the page whose size is measured', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const [, ...script] = read('scripts/bench/pages/chat-page.ts').split('\n\n')
  expect(script.join('\n\n').split('\n').length).toBeLessThan(30)
  expect(read('browser/README.md')).toContain(`\`\`\`ts\n${script.join('\n\n')}\`\`\``)
})

it('the chat of the manual of people is the example, in under 20 lines', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const [, ...script] = read('browser/examples/room-chat.ts').split('\n\n')
  expect(script.join('\n').trim().split('\n').length).toBeLessThan(20)
  expect(read('node/people/README.md')).toContain(`\`\`\`ts\n${script.join('\n\n')}\`\`\``)
})

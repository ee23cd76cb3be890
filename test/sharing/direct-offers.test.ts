/** Offers of a direct connection over that of the share: which receivers get one, and which of them answer. */

import { expect, onTestFinished, test } from 'vitest'
import { linkPathOf, parseLink } from '../../node/sharing/format/share-link.ts'
import type { ReceivedShare, ShareOptions } from '../../node/sharing/types.ts'
import { createShareWorld, file, untilState } from '../helpers/share-world.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** The signals of one peer that can connect directly: what it began with whom, and what came. */
function createSignals({ mayOpen = true } = {}) {
  const log: string[] = []
  const begin = (what: string) => (peer: string, send: (bytes: Uint8Array) => void) => {
    log.push(`${what} ${peer}`)
    if (what === 'offer') setImmediate(() => send(Uint8Array.of(1)))
    return {
      take(bytes: Uint8Array) {
        log.push(`took ${bytes[0]} of ${peer}`)
        if (what === 'answer') send(Uint8Array.of(2))
      },
      end: () => void log.push(`end ${peer}`),
    }
  }
  const wantDirect = ({ peer }: { peer: string }) => log.push(`want ${peer}`) > 0
  return { log, direct: { wantDirect, mayOpenDirect: () => mayOpen, offerDirect: begin('offer'), answerDirect: begin('answer') } }
}

async function offer(options: ShareOptions = {}, receiverMayOpen = true) {
  const world = createShareWorld()
  const [atSharer, atReceiver] = [createSignals(), createSignals({ mayOpen: receiverMayOpen })]
  const sharer = await world.join('sharer', atSharer)
  const receiver = await world.join('receiver', atReceiver)
  for (const peer of [sharer, receiver]) onTestFinished(() => peer.stop())
  const share = await sharer.share([file('a')], options)
  const receive = (link = share.path): ReceivedShare => receiver.receive(link)
  return { share, receive, atSharer: atSharer.log, atReceiver: atReceiver.log }
}

test('a receiver that is welcome is offered a connection at once, and answers before it would dial', async () => {
  const { receive, atSharer, atReceiver } = await offer()
  const received = receive()
  await waitFor(() => atSharer.length === 2, 10_000, 'the answer')
  expect(atSharer).toEqual(['offer receiver', 'took 2 of receiver'])
  expect(atReceiver).toEqual(['answer sharer', 'want sharer', 'took 1 of sharer'])
  await received.close()
  await waitFor(() => atSharer.at(-1) === 'end receiver' && atReceiver.at(-1) === 'end sharer', 10_000, 'both ends end it')
})

test('a visitor with a wrong link is offered nothing: it takes no place, and learns no address', async () => {
  const { share, receive, atSharer, atReceiver } = await offer()
  const { id } = parseLink('s', share.path)
  const received = receive(linkPathOf('s', { id, secret: new Uint8Array(16).fill(9) }))
  await untilState(received, 'away') // it was asked, and nobody who has proven anything has answered
  expect([share.receivers, atSharer, atReceiver]).toEqual([[], [], []])
})

test('a receiver that a rule keeps out, or that has yet to say the password, is offered nothing', async () => {
  const secret = await offer({ password: 'bread' })
  const received = secret.receive()
  await untilState(received, 'password')
  expect(secret.atSharer).toEqual([])
  expect(secret.atReceiver).toEqual(['want sharer'])
  const ended = await offer()
  await ended.share.end()
  const late = ended.receive()
  await untilState(late, 'ended').catch(() => {})
  await waitFor(() => late.state === 'ended', 10_000, 'it is told')
  expect([late.endCode, ended.atSharer]).toEqual(['ERR_SHARE_ENDED', []])
})

test('a receiver that has no place for a direct connection asks for none', async () => {
  const { receive, atSharer, atReceiver } = await offer({}, false)
  await untilState(receive(), 'listed')
  expect([atSharer, atReceiver]).toEqual([[], ['want sharer']])
})

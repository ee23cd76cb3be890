/**
 * Shows messages where something goes wrong, on nodes that are processes of their own: a receiver that is away while its sender leaves, and senders
 * who send a hundred times what they may. Ends with 1 where a message is missing or there twice, or mail takes more memory than it may.
 *
 *   npm run show-messages               some minutes
 *   npm run show-messages -- 5          the receiver is away for so many seconds, of 60
 *   npm run show-messages -- --json     the figures as JSON
 */

import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { createPeer, encodeKeyHex, type Kept, type Message, type Peer } from '../node/index.ts'
import { NODE_LIMITS } from '../node/limits.ts'
import { createMessageSecret } from '../node/messages/index.ts'
import { type MayflyNode, startNetwork } from './bench/mayfly-network.ts'
import { mapParallel, waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { FloodCalls } from './bench/workers/message-flood.ts'

const AWAY_S = 60
const AWAY_MESSAGES = 100
const HONEST = 20
/** Duration of one round of an honest sender, and the pause between two posts: within its rate limit. */
const ROUND_MS = 5_000
const PAUSE_MS = 400
/** Bar for the honest senders' p95: its ratio with the flood to that without. */
const MAX_RATIO = 2

const isJson = process.argv.includes('--json')
const [awayS = AWAY_S] = process.argv
  .slice(2)
  .filter((argument) => argument !== '--json')
  .map(Number)

/** Receiver that stores in memory and counts each message. */
function createKeeper() {
  const stored = new Map<string, string>()
  let again = 0
  return {
    stored,
    again: () => again,
    async keep(messages: Message[]): Promise<Kept[]> {
      for (const { id, body } of messages) {
        const name = encodeKeyHex(id)
        if (stored.has(name)) again++
        stored.set(name, new TextDecoder().decode(body))
      }
      return messages.map(() => 'stored')
    },
  }
}

async function startTab(node: MayflyNode, stack: AsyncDisposableStack, messageSecret = createMessageSecret()): Promise<Peer> {
  const tab = await createPeer({ join: [node.address], messageSecret })
  stack.defer(() => tab.stop())
  await tab.start()
  await tab.joined({ signal: AbortSignal.timeout(10_000) })
  return tab
}

async function showAway(nodes: MayflyNode[], stack: AsyncDisposableStack) {
  const [first, second, third] = nodes as [MayflyNode, MayflyNode, MayflyNode]
  const secret = createMessageSecret()
  const keeper = createKeeper()
  const before = await startTab(first, stack, secret)
  const { hashname } = before.messages
  await before.messages.tap(hashname, { keep: keeper.keep }).ready
  const sender = await startTab(second, stack)
  await sender.messages.post(hashname, { body: 'met' })
  await before.stop()
  const posted = await mapParallel(Array.from({ length: AWAY_MESSAGES }), 32, (_, i) =>
    sender.messages.post(hashname, { body: `away ${i}` }),
  )
  const queued = posted.filter(({ outcome }) => outcome.state === 'queued').length
  await sender.stop()
  await delay(awayS * 1_000)
  const backAtMs = performance.now()
  const after = await startTab(third, stack, secret)
  after.messages.tap(hashname, { keep: keeper.keep })
  await waitUntil(() => keeper.stored.size > AWAY_MESSAGES, 30_000, 'all mail comes').catch(() => {})
  return {
    awayS,
    queued,
    delivered: keeper.stored.size - 1,
    twice: keeper.again(),
    deliveredAfterMs: Math.round(performance.now() - backAtMs),
  }
}

const p95 = (times: number[]) => Math.round((times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0) * 10) / 10

async function showFlood(nodes: MayflyNode[], stack: AsyncDisposableStack) {
  const [first, second, third] = nodes as [MayflyNode, MayflyNode, MayflyNode]
  const keeper = createKeeper()
  const receiver = await startTab(third, stack)
  await receiver.messages.tap('#flooded', { keep: keeper.keep }).ready
  const tabs = await Promise.all([first, first, second, second].map((node) => startTab(node, stack)))
  const senders = Array.from({ length: HONEST }, (_, i) => ({ peer: tabs[i % tabs.length] as Peer, secret: createMessageSecret() }))
  let posted = 0
  const postAll = async (round: string) => {
    const untilMs = performance.now() + ROUND_MS
    const times = await Promise.all(
      senders.map(async ({ peer, secret }, sender) => {
        const own: number[] = []
        await delay((sender * PAUSE_MS) / HONEST) // not all at the same moment
        for (let i = 0; performance.now() < untilMs; i++) {
          const startedAtMs = performance.now()
          posted++
          await peer.messages.post('#flooded', { body: `${round} ${sender} ${i}` }, { secret, waitMs: 60_000 })
          own.push(performance.now() - startedAtMs)
          await delay(PAUSE_MS)
        }
        return own
      }),
    )
    return times.flat()
  }
  const flood = stack.use(await startWorker<FloodCalls>(new URL('bench/workers/message-flood.ts', import.meta.url)))
  setPriority(flood.pid, 5) // a real flooder has a machine of its own; here it would take ours
  await flood.call('prepare', {
    addresses: nodes.slice(0, 3).map(({ address }) => address),
    end: '#flooded',
    messages: 100 * NODE_LIMITS.messagesPerSecond,
    throwAwaySenders: 100,
    messagesEach: 10,
  })
  await postAll('warm')
  const quietTimes = await postAll('quiet before')
  let isOver = false
  let mostMailBytes = 0
  const watching = (async () => {
    while (!isOver) {
      for (const { counts } of await Promise.all(nodes.map((node) => node.status())))
        mostMailBytes = Math.max(mostMailBytes, counts.mailBytes)
      await delay(250)
    }
  })()
  const flooding = flood.call('flood', 3 * ROUND_MS)
  const firstP95Ms = p95(await postAll('first')) // while everybody's burst is being spent
  const laterP95Ms = p95(await postAll('later'))
  const floodSent = await flooding
  isOver = true
  await watching
  // Measured before the flood and after it: the load of other programs changes.
  const quietP95Ms = p95([...quietTimes, ...(await postAll('quiet after'))])
  const honest = [...keeper.stored.values()].filter((text) => !text.startsWith('flood'))
  return {
    quietP95Ms,
    firstP95Ms,
    laterP95Ms,
    ratio: Math.round((Math.max(firstP95Ms, laterP95Ms) / quietP95Ms) * 100) / 100,
    floodSent,
    honestLost: posted - new Set(honest).size,
    floodStored: keeper.stored.size - honest.length,
    mostMailBytes,
    maxMailBytes: NODE_LIMITS.maxMailBytes,
  }
}

await using stack = new AsyncDisposableStack()
const nodes = await startNetwork(4, stack)
const flood = await showFlood(nodes, stack)
const away = await showAway(nodes, stack)
if (isJson) console.log(JSON.stringify({ away, flood }))
else for (const [name, value] of Object.entries({ ...away, ...flood })) console.log(`${name.padEnd(17)} ${value.toLocaleString('en')}`)
const isFair = flood.honestLost === 0 && flood.ratio <= MAX_RATIO && flood.mostMailBytes <= flood.maxMailBytes
process.exitCode = away.delivered === AWAY_MESSAGES && away.twice === 0 && isFair ? 0 : 1

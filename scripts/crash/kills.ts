/**
 * Kills a process that keeps messages (`keeper.ts`) at random moments, again and again over the same inbox, and then looks whether the inbox
 * has what was acknowledged. Messages that were not acknowledged when a process was killed, and some that were, are sent again, as a sender would.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { InboxMessage } from '../../node/inbox.ts'
import { openInbox } from '../../node/server/inbox/inbox.ts'
import { KEEPER_HASHNAME, messageOf } from './keeper.ts'

const KEEPER = fileURLToPath(new URL('keeper.ts', import.meta.url))

export interface KillOptions {
  /** Path of the inbox. */
  path: string
  kills: number
  /** Goes on beyond the kills until so many are acknowledged. */
  minAcknowledged: number
  /** From 0 to 1. */
  random(): number
  /** How long at most it runs after its first acknowledgement, in ms. */
  maxRunMs: number
  onKill?(kills: number, acknowledged: number): void
}

export interface KillReport {
  kills: number
  acknowledged: number
  stored: number
  /** Acknowledged, and not there. */
  lost: number
  /** There more than once. */
  twice: number
  /** Messages that are damaged, or differ from those that were sent. */
  altered: number
  /** Refused by the keeper; none should be. */
  refused: number
}

/** Some of the kills come while the inbox is being opened. */
const WHILE_OPENING = 0.2
const OPENING_MS = 400
/** Newest acknowledged messages that are sent again: their receipts may have been lost. */
const REPEATED = 64

export async function killKeepers(options: KillOptions): Promise<KillReport> {
  const { path, minAcknowledged, onKill } = options
  const acknowledged = new Set<number>()
  let highest = 0
  let refused = 0
  let kills = 0
  while (kills < options.kills || acknowledged.size < minAcknowledged) {
    const child = spawn(process.execPath, [KEEPER, path, String(Math.max(1, highest - REPEATED))], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const first = once(lines, 'line')
    lines.on('line', (line) => {
      if (line.startsWith('refused')) refused++
      else acknowledged.add(Number(line))
      highest = Math.max(highest, Number(line) || 0)
    })
    const read = once(lines, 'close')
    await killSoon(child, first, options)
    await read
    kills++
    onKill?.(kills, acknowledged.size)
  }
  return { kills, refused, acknowledged: acknowledged.size, ...examine(path, acknowledged) }
}

async function killSoon(child: ChildProcess, first: Promise<unknown>, { random, maxRunMs }: KillOptions): Promise<void> {
  const exited = once(child, 'exit')
  const isWhileOpening = random() < WHILE_OPENING
  if (!isWhileOpening) await Promise.race([first, exited])
  await new Promise((resolve) => setTimeout(resolve, random() * (isWhileOpening ? OPENING_MS : maxRunMs)))
  if (child.exitCode !== null) throw new Error(`the keeper ended by itself with ${child.exitCode}`)
  child.kill('SIGKILL')
  await exited
}

function examine(path: string, acknowledged: ReadonlySet<number>): Pick<KillReport, 'stored' | 'lost' | 'twice' | 'altered'> {
  let altered = 0
  const inbox = openInbox({ path, hashname: KEEPER_HASHNAME, onEvent: () => altered++ })
  const found = new Set<number>()
  let stored = 0
  let twice = 0
  for (let after = 0; ; ) {
    const page = inbox.messages({ after, limit: 500, first: 'oldest' })
    for (const message of page) {
      const number = Number(message.fields.number)
      stored++
      if (found.has(number)) twice++
      found.add(number)
      if (!isAsSent(message, number)) altered++
      after = message.sequence
    }
    if (page.length < 500) break
  }
  inbox.close()
  const lost = [...acknowledged].filter((number) => !found.has(number)).length
  return { stored, lost, twice, altered }
}

function isAsSent({ id, body, isSealed, type }: InboxMessage, number: number): boolean {
  const sent = messageOf(number)
  return (
    id === Buffer.from(sent.id).toString('hex') && Buffer.compare(body, sent.body) === 0 && isSealed === sent.isSealed && type === sent.type
  )
}

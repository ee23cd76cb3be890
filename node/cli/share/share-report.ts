/** News of a share, for the person at the terminal and for programs: its files as they are read, and a line for each receiver. */

import { MayflyError } from '../../errors.ts'
import type { Share, ShareEntry, ShareReceiver } from '../../index.ts'
import type { Output } from '../print/output.ts'
import { createSpeed, DRAW_MS, describeBytes, describeSeconds, fitFacts } from '../print/progress-bar.ts'

interface ShareReportOptions {
  share: Pick<Share, 'entries' | 'receivers'>
  output: Pick<Output, 'event' | 'remark' | 'problem' | 'liveLines'>
  /** In ms. */
  now(): number
}

interface KnownReceiver {
  state: ShareReceiver['state']
  way: ShareReceiver['way']
  saved: number
  problem: string | undefined
  speed: ReturnType<typeof createSpeed>
  /** In bytes, as it was reported last, and when. */
  reported: number
  reportedAtMs: number
}

/** Lines that are drawn at most: more would not fit on a terminal. */
const MAX_LINES = 12
/** Characters of a receiver's name that are shown on a narrow terminal, rather than the time left. */
const LEAST_LABEL = 12
/** Time between two reports of one receiver's bytes to a program, in ms. */
const REPORT_MS = 1_000

const WAY_WORDS = { direct: 'directly', socket: 'directly', relayed: 'relayed', turn: 'through a TURN server' } as const

export function createShareReport({ share, output, now }: ShareReportOptions) {
  /** By its id. Bounded: the receivers that the share remembers. */
  const receivers = new Map<string, KnownReceiver>()
  /** States by entry. Bounded: the entries of a share. */
  const entries = new Map<number, ShareEntry['state']>()
  const lines = output.liveLines()
  let isReady = false

  function reportEntry({ id, path, size, state, kind }: ShareEntry): void {
    const before = entries.get(id)
    if (before === state) return
    entries.set(id, state)
    if (kind === 'file') output.event({ type: 'entry', entry: id, path, size, state })
    if (state !== 'failed') return
    const why = before === 'ready' ? 'it has changed, or cannot be read any more' : 'it cannot be read, or it changed meanwhile'
    output.problem(new MayflyError('ERR_UNAVAILABLE', `No longer sharing ${path}: ${why}. Start again to share it as it is now`))
  }

  function reportReceiver(receiver: ShareReceiver): void {
    const { id, label, state, way, saved, problem } = receiver
    const bytes = receivedBytes(receiver, share.entries)
    const known = receivers.get(id)
    if (known?.state !== state || known.way !== way || known.saved !== saved.size || known.problem !== problem) {
      receivers.set(id, {
        state,
        way,
        saved: saved.size,
        problem,
        speed: known?.speed ?? createSpeed(bytes, now),
        reported: bytes,
        reportedAtMs: now(),
      })
      output.event({
        type: 'receiver',
        receiver: id,
        label,
        state,
        ...(way && { way }),
        bytes,
        saved: saved.size,
        ...(problem && { problem }),
      })
      if (problem && known?.problem !== problem) output.remark(`${label} cannot save it: ${problem}`)
      if (known?.state !== state) for (const words of describeState(receiver, share.entries, known?.state)) output.remark(words)
    } else if (bytes !== known.reported && now() - known.reportedAtMs >= REPORT_MS) {
      Object.assign(known, { reported: bytes, reportedAtMs: now() })
      output.event({ type: 'progress', receiver: id, bytes, total: takenBytes(receiver, share.entries) })
    }
  }

  function draw(): void {
    const reading = share.entries.filter(({ state }) => state === 'reading').length
    const busy = share.receivers.filter(({ state }) => state === 'receiving' || state === 'looking')
    const drawn = busy.slice(0, MAX_LINES).map((receiver) => describeReceiver(receiver))
    if (busy.length > MAX_LINES) drawn.push(`… and ${busy.length - MAX_LINES} more receivers`)
    if (reading > 0) drawn.push(`Reading files: ${share.entries.length - reading} of ${share.entries.length}`)
    lines.draw(drawn)
  }

  function describeReceiver(receiver: ShareReceiver): string {
    const { id, label, state, way } = receiver
    if (state === 'looking') return `${label}  looks at the list`
    const [bytes, total] = [receivedBytes(receiver, share.entries), takenBytes(receiver, share.entries)]
    const speed = receivers.get(id)?.speed.measure(bytes)
    const facts = [
      `${total === 0 ? 100 : Math.floor((bytes / total) * 100)}% of ${describeBytes(total)}`,
      ...(speed ? [`${describeBytes(speed)}/s`, `${describeSeconds((total - bytes) / speed)} left`] : []),
    ]
    const whole = [way === undefined ? label : `${label} (${WAY_WORDS[way]})`, ...facts].join('  ')
    if (whole.length < lines.columns()) return whole
    return fitFacts({ label, facts, leastFacts: 1, leastLabel: LEAST_LABEL, columns: lines.columns() })
  }

  const timer = lines.isDrawn ? setInterval(draw, DRAW_MS) : undefined

  return {
    /** Something of the share may have changed. */
    update(): void {
      for (const entry of share.entries) reportEntry(entry)
      for (const receiver of share.receivers) reportReceiver(receiver)
      if (isReady || share.entries.some(({ state }) => state === 'reading')) return
      isReady = true
      output.event({ type: 'ready' })
    },
    end(): void {
      clearInterval(timer)
      lines.end()
    },
  }
}

function describeState(
  { label, state, taken }: ShareReceiver,
  entries: readonly ShareEntry[],
  before: ShareReceiver['state'] | undefined,
): string[] {
  switch (state) {
    case 'looking':
      return [`${label} looks at the list`]
    case 'receiving':
      return [`${label} receives ${taken === undefined || taken.size === entries.length ? 'everything' : countOf(taken.size)}`]
    case 'done': {
      const its = entries.filter(({ id }) => taken?.has(id) ?? true)
      return [
        `${label} has everything that it took: ${countOf(its.length)}, ${describeBytes(its.reduce((sum, { size }) => sum + size, 0))}`,
      ]
    }
    case 'left':
      return before === 'done' || before === 'refused'
        ? []
        : [`${label} has left${before === 'receiving' ? ', and may come back for the rest' : ''}`]
    case 'refused':
      return [`${label} was refused`]
    default:
      return []
  }
}

function receivedBytes({ received, saved, taken }: ShareReceiver, entries: readonly ShareEntry[]): number {
  return entries.reduce((sum, { id, size }) => {
    if (taken !== undefined && !taken.has(id)) return sum
    return sum + (saved.has(id) ? size : Math.min(size, received.get(id) ?? 0))
  }, 0)
}

function takenBytes({ taken }: ShareReceiver, entries: readonly ShareEntry[]): number {
  return entries.reduce((sum, { id, size }) => (taken === undefined || taken.has(id) ? sum + size : sum), 0)
}

const countOf = (entries: number) => (entries === 1 ? '1 file' : `${entries} files`)

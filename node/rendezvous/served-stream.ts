/**
 * The answering end of a presence stream: a home to its tab, a record node to a home. Reads the frames in order and hands each to the part
 * that answers it (leases, finds, watches); ends the peer's presence when the stream ends.
 */

import type { Connection, Stream } from '@libp2p/interface'
import type { Semaphore } from '../async/semaphore.ts'
import { MayflyError } from '../errors.ts'
import { type Clock, createFrameStream, inTime } from '../network/index.ts'
import type { ServerGroups } from '../network/server-groups.ts'
import { readPeerId } from './lease.ts'
import type { RendezvousSettings } from './options.ts'
import type { RecordStore } from './record-store.ts'
import { REST_MS } from './resting.ts'
import type { ServedDirectory } from './served-directory.ts'
import { createServedFinds } from './served-finds.ts'
import { type Carrying, createServedLeases, type Tellers } from './served-leases.ts'
import { createServedWatches } from './served-watches.ts'
import type { GiveNow, HomeService, RendezvousLimits } from './types.ts'
import { decodePresence, encodePresence, MAX_PRESENCE_FRAME_BYTES } from './wire.ts'
import type { GroupSize, HelloFrame, HoldFrame, PresenceFrame } from './wire-frames.ts'

export type ServedStreamOptions = Pick<RendezvousSettings, 'lease' | 'silentMs' | 'graceMs' | 'pushEveryMs'> & { limits: RendezvousLimits }

/** The part of a node's groups that its streams go by. */
export interface ServedGroups extends Pick<ServerGroups, 'mustCarry' | 'mayCarry'> {
  /** This node's word on its own group, if it has one. */
  report(): GroupSize | undefined
}

export interface ServedStreamContext {
  /** This node's peer id, text form. */
  self: string
  store: RecordStore
  directory: ServedDirectory
  service: HomeService
  /** One for all streams of a server: places for watches, and the streams that told of holders (see ServedLeasesContext). */
  shared: { watchPlaces: Pick<Semaphore, 'tryAcquire'>; tellers: Map<string, Tellers>; giveNow: GiveNow }
  clock: Pick<Clock, 'now' | 'wall' | 'times' | 'monotonic'>
  /** Missing where all servers are one group. */
  groups?: ServedGroups | undefined
  listener: {
    onHello(stream: ServedStream, hello: HelloFrame): void
    onEnd(stream: ServedStream): void
    /** The peer broke the rules. */
    onRefused(peer: string, reason: string): void
  }
}

/** Unsent bytes at which a slow reader is cut off. */
const MAX_UNSENT_BYTES = 4 * 1_048_576
/** Bytes of one stream that may wait for earlier leases to be checked: every lease of a full home fits, with the contents that may wait. */
const MAX_WAITING_BYTES = 32 * 1_048_576
/** Bytes of small contents that may wait so: beyond them leases are taken without, and readers fetch from their holders. */
const MAX_WAITING_CONTENT_BYTES = 8 * 1_048_576
/** Estimated size of a waiting frame, and of each lease or release in it. */
const WAITING_FRAME_BYTES = 1_024
const WAITING_ITEM_BYTES = 256
/** How long a tab waits for the record nodes' word, in ms: when they are silent, the home's own has to do. */
const MAX_ANNOUNCE_MS = 1_000
/** Turns of the timer without a frame that make a peer silent, and those after which a tab is probed. */
const SILENT_TURNS = 8
const PROBE_TURNS = 4
/** One node may take this part of all watches: anybody may say that it is a node. */
const NODE_SHARE = 4

export type ServedStream = ReturnType<typeof serveStream>

export function serveStream(stream: Stream, connection: Connection, context: ServedStreamContext, options: ServedStreamOptions) {
  const { self, store, directory, service, clock, groups, listener } = context
  const { limits } = options
  /** Peer id of the end that opened it, text form. */
  const peer = connection.remotePeer.toString()
  let role: HelloFrame['role'] | undefined
  let answersProbes = false
  /** Those that the opener goes by; undefined for an older one, and for a tab. */
  let openerBits: number | undefined
  /** The opener has been told that it may be quiet for long while nothing of it stands here. */
  let letsRest = false
  let endNews = () => {}

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_PRESENCE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (raw) => {
      silence.end()
      const frame = decodePresence(raw)
      if ((frame.type === 'hello') === (role !== undefined)) end('a stream that does not begin with one hello')
      else answer(frame)
    },
    onEnd() {
      silence.stop()
      endNews()
      finds.end()
      watches.endAll()
      leases.end(options.graceMs)
      listener.onEnd(served)
    },
  })
  const send = (frame: PresenceFrame) => void frames.send(encodePresence(frame))
  /** For somebody who waits: other frames of the turn go with it. */
  const sendNow = (frame: PresenceFrame) => void (frames.send(encodePresence(frame)) && frames.flush())
  const carrying = groups && carryingOf(groups, () => ({ isNode: role === 'node', bits: openerBits }))
  const leases = createServedLeases({ self, peer, store, times: clock.times, service, carrying, tellers: context.shared.tellers }, options)
  const work = createWorkQueue(() => frames.open, end)
  const giveNow = (key: string, bytes: number) => context.shared.giveNow(key, bytes, peer)
  const finds = createServedFinds({ store, directory, service, giveNow, send: sendNow }, limits.maxHoldersPerAnswer)
  const watches = createServedWatches({ store, places: context.shared.watchPlaces, service, send }, options.pushEveryMs)

  /** A tab goes by its home's view of the network's time; nodes compare their own clocks, so that they never agree on an echo. */
  const nowFor = (opener: HelloFrame['role']) => (opener === 'tab' ? clock.now() : clock.wall())
  function groupFor(opener: HelloFrame['role']): GroupSize | undefined {
    const group = opener === 'node' ? wordOn(groups) : undefined
    letsRest ||= group?.letsRest === true
    return group
  }
  const sendTime = () => send({ type: 'heartbeat-reply', nowMs: nowFor(role ?? 'node'), group: groupFor(role ?? 'tab') })

  function end(reason: string, error: Error = new MayflyError('ERR_BAD_FRAME', `Connection ended: ${reason}`)): void {
    listener.onRefused(peer, reason)
    connection.abort(error)
    frames.abort(error)
  }

  /** The records for the welcome; later ones follow to an opener that reads them. */
  function greet({ readsNews }: HelloFrame): Uint8Array[] {
    const greeting = directory.greet(peer, readsNews ? (records) => send({ type: 'servers', records }) : undefined)
    endNews = greeting.end
    return greeting.records
  }

  /** Frames of the other side's types are left unread. */
  function answer(frame: PresenceFrame): void {
    switch (frame.type) {
      case 'hello':
        role = frame.role
        answersProbes = frame.answersProbes
        listener.onHello(served, frame)
        send({
          type: 'welcome',
          addresses: directory.own(),
          nowMs: nowFor(frame.role),
          ...(frame.readsRecords ? { servers: [], records: greet(frame), group: groupFor(frame.role) } : { servers: directory.servers() }),
        })
        break
      // A release must wait for the leases before it, whose signatures are being checked; a find or a watch must not.
      case 'hold':
        work.enqueueHold(frame, hold)
        break
      case 'release':
        work.enqueue(frame.records.length, () =>
          leases.release(frame.records.map(({ key, holder }) => ({ key, holder: readPeerId(holder).toString() }))),
        )
        break
      case 'heartbeat':
        // It counts for the leases behind it.
        if (frame.bits !== undefined)
          work.enqueue(0, () => {
            openerBits = frame.bits
          })
        sendTime()
        break
      case 'find':
        finds.answer(frame)
        break
      case 'watch':
        watches.begin(frame, maxWatchesOf(role, limits))
        break
      case 'unwatch':
        watches.end(frame.key)
        break
      case 'homes':
        work.enqueue(frame.records.length, () => directory.takeHomes(frame.records))
    }
  }

  async function hold({ sequence, leases: told, ...beside }: HoldFrame): Promise<void> {
    const { refused, announcing } = await leases.hold(told, beside)
    if (!frames.open) return
    // A tab is answered when others can find it; the frames behind this one do not wait for that.
    if (announcing.length > 0) void inTime(Promise.all(announcing), MAX_ANNOUNCE_MS).then(() => send({ type: 'held', sequence, refused }))
    else send({ type: 'held', sequence, refused })
  }

  const silence = watchSilence(options.silentMs, {
    onQuiet: () => answersProbes && send({ type: 'probe' }),
    rests: () => letsRest && leases.size + watches.size === 0,
    onSilent(reason) {
      if (role === 'node' || answersProbes) end(reason, new Error(reason)) // it may have lost its network: no fault of its own
    },
  })

  const served = {
    peer,
    get leases() {
      return leases.size
    },
    get watches() {
      return watches.size
    },
    /** Tells a tab that its home's time was set. */
    onStep() {
      if (role === 'tab') sendTime()
    },
    /** Tells a node that the group is another one. */
    onGroup() {
      if (role === 'node') sendTime()
    },
    /** Ends it, and at once what it has brought. */
    forget() {
      leases.end(0)
      frames.abort(new Error('this node has slept'))
    },
    close: () => frames.close(),
  }
  return served
}

/** With bits, a node lets others rest. */
function wordOn(groups: ServedGroups | undefined): GroupSize | undefined {
  const group = groups?.report()
  return group === undefined || group.bits === 0 ? group : { ...group, letsRest: true }
}

const bytesOf = (contents: HoldFrame['contents'] = []) => contents.reduce((sum, content) => sum + (content?.byteLength ?? 0), 0)

const withoutContents = ({ contents: _, ...frame }: HoldFrame): HoldFrame => frame

function maxWatchesOf(
  role: HelloFrame['role'] | undefined,
  { maxWatchesPerPeer: most, maxWatches }: ServedStreamOptions['limits'],
): number {
  return Math.min(role === 'node' ? Math.max(most, Math.floor(maxWatches / NODE_SHARE)) : most, maxWatches)
}

interface SilenceListener {
  /**
   * It may be probed: a page's own code answers a probe, in a hidden tab too, whose timers sleep. A websocket's pings are answered by the browser,
   * for a page that is frozen as well.
   */
  onQuiet(): void
  /** It may be silent for longer. */
  rests(): boolean
  /** Is called again and again. */
  onSilent(reason: string): void
}

function watchSilence(silentMs: number, { onQuiet, rests, onSilent }: SilenceListener) {
  const turnMs = silentMs / SILENT_TURNS
  /** Turns of the timer since the last frame. A turn that this process slept through counts once: what has come meanwhile is read before the next. */
  let quietTurns = 0
  const timer = setInterval(() => {
    if (++quietTurns === PROBE_TURNS) onQuiet()
    const mostMs = silentMs + (rests() ? REST_MS : 0)
    if (quietTurns * turnMs > mostMs) onSilent(`nothing received for ${mostMs} ms`)
  }, turnMs)
  return {
    /** A frame has come. */
    end() {
      quietTurns = 0
    },
    stop: () => clearInterval(timer),
  }
}

/** Tabs carry nothing. */
function carryingOf(groups: ServedGroups, opener: () => { isNode: boolean; bits: number | undefined }): Carrying {
  return {
    mustCarry: (told) => opener().isNode && groups.mustCarry({ ...told, ...opener() }),
    mayCarry: (told) => (opener().isNode ? groups.mayCarry({ ...told, ...opener() }) : false),
  }
}

/** Work of frames that takes effect in their order. @param end ends the stream, for too much of it, or for work that fails */
function createWorkQueue(isOpen: () => boolean, end: (reason: string) => void) {
  let waitingBytes = 0
  let waitingContentBytes = 0
  let queue = Promise.resolve()

  /** Does the work after that of earlier frames. */
  function enqueue(items: number, work: () => void | Promise<void>, contentBytes = 0): void {
    const bytes = WAITING_FRAME_BYTES + items * WAITING_ITEM_BYTES + contentBytes
    waitingBytes += bytes
    waitingContentBytes += contentBytes
    if (waitingBytes > MAX_WAITING_BYTES) return void end(`more than ${MAX_WAITING_BYTES} bytes waiting`)
    queue = queue
      .then(() => (isOpen() ? work() : undefined))
      .catch((error: unknown) => end(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        waitingBytes -= bytes
        waitingContentBytes -= contentBytes
      })
  }

  return {
    enqueue,
    enqueueHold(frame: HoldFrame, hold: (frame: HoldFrame) => Promise<void>) {
      const hasRoom = waitingContentBytes + bytesOf(frame.contents) <= MAX_WAITING_CONTENT_BYTES
      const taken = hasRoom ? frame : withoutContents(frame)
      enqueue(taken.leases.length, () => hold(taken), bytesOf(taken.contents))
    },
  }
}

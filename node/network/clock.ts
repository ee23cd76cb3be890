/**
 * The network's time, beside this machine's own clock, which may be wrong and may be set while it runs. Each peer's time is kept as its
 * distance from the monotonic clock, so that no step of this machine's clock moves it. A tab follows its home. A node believes the time that
 * most clocks agree on, its own among them, so that one lying peer changes nothing; while it knows only one other, it believes that one if its
 * owner named it as an address to join. Its own clock counts as right while it is near to that time, and is used.
 */

import { createEmitter } from '../async/emitter.ts'
import type { majorityAhead } from './clock-majority.ts'

export interface ClockStatus {
  /**
   * 'alone': no peer has told its time. 'right': this machine's clock is near the network's. 'corrected': it is not, and the network's time is
   * used instead. 'wrong': it is too far off for that. 'disputed': other clocks differ, and too few agree to be believed.
   */
  state: 'alone' | 'right' | 'corrected' | 'wrong' | 'disputed'
  /** How far this machine's clock is ahead of the others', in ms; negative when it is behind. */
  aheadMs: number
  /** Peers whose time is known. */
  peers: number
}

export const CLOCK_DEFAULTS = {
  /** Clocks that differ by no more than this agree, in ms. */
  agreeMs: 30_000, // half of the skew that a lease may have: two clocks may be off in opposite directions
  /** The largest difference that is corrected by the word of peers, in ms. */
  maxCorrectionMs: 172_800_000, // a wrong date, or a time zone taken for UTC; no majority of strangers moves a clock by more
  /** A jump of this machine's clock against the monotonic one that counts as a step, in ms. Adjustments of NTP are slower. */
  stepMs: 2_000,
  /** How long peers may take to tell their times anew after a step, in ms. */
  hearAgainMs: 2_000,
  /** A pause of this process that counts as a sleep, in ms. Less than others wait before they think it gone. */
  sleepMs: 5_000, // they wait 8 s (node/server/port/heartbeat.ts)
}

/** The state of a clock in words, for its owner; a whole sentence. */
export function clockSentence({ state, aheadMs, peers }: ClockStatus): string {
  const off = `${roughDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`
  switch (state) {
    case 'corrected':
      return `This machine's clock is ${off} the network's, whose time is used instead: set the clock.`
    case 'wrong':
      return `This machine's clock is ${off} the network's, more than is corrected: set the clock.`
    case 'disputed':
      return `This machine's clock is ${off} another peer's, and too few of ${peers} agree which is right: check the clock.`
    case 'alone':
      return 'No other peer has told its time yet.'
    case 'right':
      return "This machine's clock is right."
  }
}

function roughDuration(ms: number): string {
  const [unit, size] = (ROUGH_UNITS.find(([, each]) => ms >= each * 0.99) ?? ROUGH_UNITS.at(-1)) as [string, number]
  return `${Number((ms / size).toFixed(1))} ${unit}`
}

const ROUGH_UNITS: readonly [unit: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** Between two comparisons with the monotonic clock, in ms. */
const LOOK_MS = 1_000
/** A time that took longer to come is not used, in ms. */
const MAX_TRIP_MS = 10_000

const CLOCKS = { wall: () => Date.now(), monotonic: () => performance.now() }

/** The time of a peer. */
interface HeardTime {
  /** Its time ahead of the monotonic clock, in ms. */
  aheadMs: number
  isNamed: boolean
}

export type Clock = ReturnType<typeof createClock>

/**
 * @param clocks this machine's, in ms: since the epoch, and of any origin but never set
 * @param majority of several clocks, which a node hears; a tab follows its home
 */
export function createClock(
  options: Partial<typeof CLOCK_DEFAULTS> = {},
  clocks: Partial<typeof CLOCKS> = {},
  majority?: typeof majorityAhead,
) {
  const { wall, monotonic } = { ...CLOCKS, ...clocks }
  const { agreeMs, maxCorrectionMs, stepMs, hearAgainMs, sleepMs } = { ...CLOCK_DEFAULTS, ...options }
  /** By peer: how far its time is ahead of the monotonic clock. Bounded by the presence streams that this peer has opened. */
  const heard = new Map<string, HeardTime>()
  const steps = createEmitter<void>()
  const ownSteps = createEmitter<number>()
  const wakes = createEmitter<void>()
  const states = createEmitter<ClockStatus>()
  const ownAhead = () => wall() - monotonic()
  let followed: string | undefined
  /** The believed time ahead of the monotonic clock; undefined while this machine's own clock is used. */
  let believed: number | undefined
  let state: ClockStatus['state'] = 'alone'
  let othersAhead: number | undefined
  let seenOwn = ownAhead()
  /** When the timer, or a reader, last saw that time passes; undefined before the start. */
  let seenAtMs: number | undefined
  let seenNow = seenOwn
  let settledAtMs = 0
  const isNews = createStateNews()
  let timer: ReturnType<typeof setInterval> | undefined

  const now = () => (believed === undefined ? wall() : Math.round(monotonic() + believed))

  function judge(): void {
    if (monotonic() < settledAtMs) return
    if (followed !== undefined) {
      othersAhead = heard.get(followed)?.aheadMs ?? othersAhead
      believed = othersAhead
      state = othersAhead === undefined ? 'alone' : isNear(othersAhead) ? 'right' : 'corrected'
    } else if (heard.size === 0) {
      believed = undefined
      othersAhead = undefined
      state = 'alone'
    } else {
      const most =
        heard.size === 1 ? oneAhead([...heard.values()], ownAhead(), agreeMs) : majority?.([...heard.values()], ownAhead(), agreeMs)
      const differenceMs = most === undefined ? 0 : Math.abs(most - ownAhead())
      if (most === undefined) state = 'disputed'
      else if (isNear(most)) state = 'right'
      else state = differenceMs <= maxCorrectionMs ? 'corrected' : 'wrong'
      othersAhead = most ?? [...heard.values()][0]?.aheadMs
      believed = state === 'corrected' ? most : undefined
    }
    const nowAhead = believed ?? ownAhead()
    const isStep = Math.abs(nowAhead - seenNow) > stepMs
    seenNow = nowAhead
    if (isStep) steps.emit()
  }

  /** With some play, so that a clock at the border is not taken for right and wrong in turn. */
  const isNear = (otherMs: number) => Math.abs(otherMs - ownAhead()) <= (state === 'corrected' ? agreeMs / 2 : agreeMs)

  /** The process was stopped, or the machine slept: there the monotonic clock may have stood still. */
  const isLate = () => seenAtMs !== undefined && (monotonic() - seenAtMs > sleepMs || ownAhead() - seenOwn > sleepMs)

  function look(): void {
    const hasSlept = isLate()
    const own = ownAhead()
    const jumpMs = own - seenOwn
    seenOwn = own
    if (seenAtMs !== undefined) seenAtMs = monotonic()
    if (Math.abs(jumpMs) > stepMs) {
      // The machine may have slept, and the monotonic clock with it: then what peers told is old.
      if (heard.size > 0 && followed === undefined) {
        believed = seenNow
        settledAtMs = monotonic() + hearAgainMs
        heard.clear()
      }
      ownSteps.emit(jumpMs)
    }
    if (hasSlept) wakes.emit()
    judge()
    if (isNews(state)) states.emit(status())
  }

  const status = (): ClockStatus => ({
    state,
    aheadMs: othersAhead === undefined ? 0 : Math.round(ownAhead() - othersAhead),
    peers: heard.size,
  })

  return {
    /** The network's time, in ms since the epoch. It may be set back. */
    now,
    /** This machine's clock, in ms since the epoch. */
    wall,
    /** For waits, in ms, of any origin. A sleep is noticed as it is read, before the timer can tell. */
    monotonic() {
      if (isLate()) look()
      return monotonic()
    },
    /** The times by which others' statements are judged: the network's, and this machine's where it is another. One that is right is enough. */
    times: () => (believed === undefined || followed !== undefined ? [now()] : [now(), wall()]),
    /** How long it is until that time by every clock there is, in ms: what cannot be undone is not done on one clock's word. */
    remainingMs: (atMs: number) => atMs - Math.min(now(), wall()),
    /** True when other clocks differ, and this peer cannot tell what the time is. */
    isDoubtful: () => state === 'disputed' || state === 'wrong',
    /** True when this machine's clock is too far off to be corrected: others refuse what is signed by it. */
    isOff: () => state === 'wrong',
    get status() {
      return status()
    },
    /** The time of this peer is believed, whatever others say: it is this tab's home. */
    follow(peer: string) {
      followed = peer
      judge()
    },
    /**
     * A peer has told its time.
     *
     * @param askedAtMs when it was asked, by the monotonic clock
     * @param isNamed the owner of this peer has named it to be joined
     */
    hear(peer: string, theirMs: number, askedAtMs: number, isNamed: boolean) {
      const tripMs = monotonic() - askedAtMs
      if (tripMs > MAX_TRIP_MS) return
      heard.set(peer, { aheadMs: theirMs + tripMs / 2 - monotonic(), isNamed })
      judge()
    },
    /** The peer is gone: its time grows old. */
    forget(peer: string) {
      if (heard.delete(peer)) judge()
    },
    /** The network's time has been set, or is another than the clock's. Returns the function that ends it. */
    onStep: steps.on,
    /** This machine's clock has been set by so much, in ms, or it has slept for so long. */
    onOwnStep: ownSteps.on,
    /** The state is another one, and has been for a second. */
    onState: states.on,
    /** The process, or the machine, has slept: what was known before may be over. Returns the function that ends it. */
    onWake: wakes.on,
    /** Compares the clocks now. */
    look,
    start() {
      seenAtMs = monotonic()
      seenOwn = ownAhead()
      timer ??= setInterval(look, LOOK_MS)
      ;(timer as { unref?(): void }).unref?.()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
      seenAtMs = undefined
    },
  }
}

/** The time of the only other clock, ahead of the monotonic one; undefined when it is not believed. */
function oneAhead([only]: readonly HeardTime[], ownMs: number, agreeMs: number): number | undefined {
  return only?.isNamed || Math.abs((only?.aheadMs ?? 0) - ownMs) <= agreeMs ? only?.aheadMs : undefined
}

/** True for a state that is worth telling: another one than was told, seen twice in a row. Nobody need hear that all is well before it was not. */
function createStateNews(): (state: ClockStatus['state']) => boolean {
  let last: ClockStatus['state'] = 'alone'
  let told: ClockStatus['state'] = 'alone'
  const isWell = (state: ClockStatus['state']) => state === 'right' || state === 'alone'
  return (state) => {
    const isNews = state === last && state !== told && !(isWell(state) && isWell(told))
    last = state
    if (isNews) told = state
    return isNews
  }
}

import { describe, expect, onTestFinished, test } from 'vitest'
import { CLOCK_DEFAULTS, type Clock, clockSentence, createClock } from '../../node/network/clock.ts'
import { majorityAhead } from '../../node/network/clock-majority.ts'
import { LEASE_DEFAULTS } from '../../node/rendezvous/lease.ts'

const START_MS = 1_760_000_000_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** A machine's clock, which may be wrong and may be set, in a world where time passes for all. */
function createWorld() {
  const world = { passedMs: 5_000 }
  return {
    pass: (ms: number) => {
      world.passedMs += ms
    },
    machine(aheadMs = 0) {
      const own = { aheadMs, asleepMs: 0 }
      const wall = () => START_MS + world.passedMs + own.aheadMs
      const clock = createClock({}, { wall, monotonic: () => world.passedMs - own.asleepMs }, majorityAhead)
      return {
        clock,
        wall,
        /** Its clock is set. */
        set: (ms: number) => {
          own.aheadMs = ms
        },
        /** It sleeps: its monotonic clock stands still, its clock does not. */
        sleep: (ms: number) => {
          world.passedMs += ms
          own.asleepMs += ms
        },
        rightMs: () => START_MS + world.passedMs,
      }
    },
  }
}
type Machine = ReturnType<ReturnType<typeof createWorld>['machine']>

const tell = (to: Machine, from: Machine, name: string, isNamed = false) => to.clock.hear(name, from.wall(), to.clock.monotonic(), isNamed)

function tellAll(to: Machine, others: Machine[]): void {
  for (const [index, other] of others.entries()) tell(to, other, `peer ${index}`)
}

describe('a node', () => {
  test('goes by its own clock while nobody has told a time', () => {
    const { machine, pass } = createWorld()
    const alone = machine(HOUR_MS)
    expect([alone.clock.now(), alone.clock.status]).toEqual([alone.wall(), { state: 'alone', aheadMs: 0, peers: 0 }])
    alone.set(0)
    pass(1_000)
    alone.clock.look()
    expect(alone.clock.now()).toBe(alone.rightMs())
  })

  test('one lying peer changes nothing, among few peers and among many', () => {
    for (const count of [1, 2, 3, 8]) {
      const { machine } = createWorld()
      const node = machine()
      tellAll(node, [machine(-DAY_MS), ...Array.from({ length: count - 1 }, () => machine())])
      expect([count, node.clock.now()]).toEqual([count, node.rightMs()])
      expect(node.clock.status.state).toBe(count === 1 ? 'disputed' : 'right')
    }
  })

  test('with only one peer, it believes one that its owner has named, and no other', () => {
    const { machine } = createWorld()
    const [node, named] = [machine(HOUR_MS), machine()]
    tell(node, named, 'named', true)
    expect([node.clock.now(), node.clock.status]).toEqual([node.rightMs(), { state: 'corrected', aheadMs: HOUR_MS, peers: 1 }])
    const [other, stranger] = [machine(HOUR_MS), machine()]
    tell(other, stranger, 'stranger')
    expect([other.clock.now(), other.clock.status.state, other.clock.isDoubtful()]).toEqual([other.wall(), 'disputed', true])
  })

  test('clocks that fall into two halves decide nothing', () => {
    const { machine } = createWorld()
    const node = machine()
    tellAll(node, [machine(), machine(HOUR_MS), machine(HOUR_MS)])
    expect([node.clock.now(), node.clock.status.state]).toEqual([node.wall(), 'disputed'])
  })

  test('a clock that is off by more than peers may correct is told of, and not corrected', () => {
    const { machine } = createWorld()
    const node = machine(-CLOCK_DEFAULTS.maxCorrectionMs - 60_000)
    tellAll(node, [machine(), machine(), machine()])
    expect([node.clock.now(), node.clock.status.state, node.clock.isDoubtful()]).toEqual([node.wall(), 'wrong', true])
  })

  test('a small difference is no fault, and at the border it is not right and wrong in turn', () => {
    const { machine } = createWorld()
    const node = machine(CLOCK_DEFAULTS.agreeMs - 1_000)
    const others = [machine(), machine()]
    tellAll(node, others)
    expect([node.clock.status.state, node.clock.now()]).toEqual(['right', node.wall()])
    node.set(CLOCK_DEFAULTS.agreeMs + 1_000)
    tellAll(node, others)
    expect(node.clock.status.state).toBe('corrected')
    node.set(CLOCK_DEFAULTS.agreeMs - 1_000)
    tellAll(node, others)
    expect(node.clock.status.state).toBe('corrected')
    node.set(CLOCK_DEFAULTS.agreeMs / 2 - 1_000)
    tellAll(node, others)
    expect(node.clock.status.state).toBe('right')
  })

  test('its clock is set while peers are known: time goes on as before, they are asked again, and the owner hears of it', () => {
    const { machine, pass } = createWorld()
    const node = machine()
    const others = [machine(), machine()]
    const heard: string[] = []
    node.clock.onOwnStep((ms) => heard.push(`own ${ms}`))
    node.clock.onStep(() => heard.push('network'))
    node.clock.onState(({ state }) => heard.push(state))
    tellAll(node, others)
    node.set(-HOUR_MS)
    node.clock.look()
    tellAll(node, others)
    expect(node.clock.now()).toBe(node.rightMs())
    pass(CLOCK_DEFAULTS.hearAgainMs)
    node.clock.look()
    pass(1_000)
    node.clock.look()
    expect([node.clock.now(), node.clock.status.state]).toEqual([node.rightMs(), 'corrected'])
    node.set(0)
    node.clock.look()
    tellAll(node, others)
    pass(CLOCK_DEFAULTS.hearAgainMs)
    for (let i = 0; i < 2; i++) node.clock.look()
    expect(node.clock.now()).toBe(node.rightMs())
    expect(heard).toEqual([`own ${-HOUR_MS}`, 'corrected', `own ${HOUR_MS}`, 'right'])
  })

  test('its clock is put right and a peer is heard before that is noticed: time does not go back to what it was', () => {
    const { machine, pass } = createWorld()
    const node = machine(HOUR_MS)
    const others = [machine(), machine()]
    tellAll(node, others)
    node.set(0)
    tellAll(node, others)
    for (let i = 0; i < 4; i++) {
      node.clock.look()
      expect(node.clock.now()).toBe(node.rightMs())
      pass(1_000)
    }
  })

  test('a machine that slept does not take what it heard before for the time', () => {
    const { machine, pass } = createWorld()
    const node = machine()
    const others = [machine(), machine()]
    tellAll(node, others)
    node.sleep(HOUR_MS)
    node.clock.look()
    tellAll(node, others)
    pass(CLOCK_DEFAULTS.hearAgainMs)
    node.clock.look()
    expect([node.clock.now(), node.clock.status.state]).toEqual([node.rightMs(), 'right'])
  })

  test('a time that took long to come, or whose peer is gone, is not used', () => {
    const { machine, pass } = createWorld()
    const node = machine(HOUR_MS)
    const askedAtMs = node.clock.monotonic()
    pass(20_000)
    node.clock.hear('slow', node.rightMs(), askedAtMs, true)
    expect(node.clock.status.state).toBe('alone')
    tell(node, machine(), 'named', true)
    expect(node.clock.status.state).toBe('corrected')
    node.clock.forget('named')
    expect([node.clock.status.state, node.clock.now()]).toEqual(['alone', node.wall()])
  })

  test('statements are judged by either clock, and what cannot be undone needs both', () => {
    const { machine } = createWorld()
    const node = machine(HOUR_MS)
    tellAll(node, [machine(), machine()])
    expect(node.clock.times()).toEqual([node.rightMs(), node.wall()])
    expect(node.clock.remainingMs(node.rightMs() + 1_000)).toBe(1_000)
    node.set(-HOUR_MS)
    tellAll(node, [machine(), machine()])
    expect(node.clock.remainingMs(node.rightMs())).toBe(HOUR_MS)
  })

  test('all clocks of a network are put right one after the other: nobody goes on in the old time', () => {
    const { machine, pass } = createWorld()
    const nodes = Array.from({ length: 5 }, () => machine(HOUR_MS))
    const round = () => {
      for (const node of nodes) {
        node.clock.look()
        tellAll(
          node,
          nodes.filter((other) => other !== node),
        )
      }
    }
    round()
    for (const node of nodes) {
      node.set(0)
      round()
      pass(CLOCK_DEFAULTS.hearAgainMs)
      round()
    }
    expect(nodes.map(({ clock }) => clock.now())).toEqual(nodes.map(({ rightMs }) => rightMs()))
  })
})

describe('a tab', () => {
  test("goes by its home's time, measured again and again, and keeps it while it has none", () => {
    const { machine, pass } = createWorld()
    const [tab, home] = [machine(-DAY_MS), machine(HOUR_MS)]
    const steps: number[] = []
    tell(tab, home, 'home')
    tab.clock.follow('home')
    tab.clock.onStep(() => steps.push(tab.clock.now()))
    expect([tab.clock.now(), tab.clock.status]).toEqual([home.wall(), { state: 'corrected', aheadMs: -DAY_MS - HOUR_MS, peers: 1 }])
    home.set(0)
    tell(tab, home, 'home')
    expect([tab.clock.now(), steps]).toEqual([home.wall(), [home.wall()]])
    tab.set(DAY_MS)
    tab.clock.look()
    expect(tab.clock.now()).toBe(home.wall())
    tab.clock.forget('home')
    pass(5_000)
    expect(tab.clock.now()).toBe(home.wall())
  })
})

/** As in the network of `npm run show-clocks`: three nodes that know each other, a tab at the second, a receiver at the first. */
describe('each role wrong, from the start and by a step', () => {
  const offsets = [-DAY_MS, -HOUR_MS, -70_000, 70_000, HOUR_MS, DAY_MS]
  const roles = ['sender', 'home', 'record node', 'receiver'] as const
  const cases = roles.flatMap((role) => offsets.flatMap((ms) => [true, false].map((isStep) => [role, ms, isStep] as const)))

  test.each(cases)('%s %d ms, step: %s', (role, offsetMs, isStep) => {
    const { machine, pass } = createWorld()
    const [root, home, record, sender, receiver] = Array.from({ length: 5 }, () => machine()) as [
      Machine,
      Machine,
      Machine,
      Machine,
      Machine,
    ]
    const wrong = { sender, home, 'record node': record, receiver }[role]
    const nodes = { root, home, record }
    const round = () => {
      for (const [name, node] of Object.entries(nodes)) {
        node.clock.look()
        for (const [other, { wall }] of Object.entries(nodes)) {
          if (other !== name) node.clock.hear(other, wall(), node.clock.monotonic(), other === 'root')
        }
      }
      for (const [tab, { clock }] of [
        [sender, home],
        [receiver, root],
      ] as const) {
        tab.clock.look()
        tab.clock.hear('its home', clock.now(), tab.clock.monotonic(), true)
        tab.clock.follow('its home')
      }
    }
    if (!isStep) wrong.set(offsetMs)
    round()
    if (isStep) wrong.set(offsetMs)
    round()
    pass(CLOCK_DEFAULTS.hearAgainMs)
    for (let i = 0; i < 2; i++) round()
    const all: Clock[] = [root, home, record, sender, receiver].map(({ clock }) => clock)
    for (const clock of all) expect(Math.abs(clock.now() - root.rightMs())).toBeLessThan(LEASE_DEFAULTS.maxSkewMs / 2)
    expect(wrong.clock.status).toMatchObject({ state: 'corrected', aheadMs: offsetMs })
    expect(clockSentence(wrong.clock.status)).toContain(offsetMs > 0 ? 'ahead of' : 'behind')
  })
})

describe('a sleep', () => {
  test('is noticed by the timer and by the first reader, whichever way the clocks show it, and once', () => {
    const ways: ((machine: Machine, pass: (ms: number) => void) => void)[] = [
      (machine) => machine.sleep(CLOCK_DEFAULTS.sleepMs + 1_000), // a lid: the monotonic clock stands still
      (_, pass) => pass(CLOCK_DEFAULTS.sleepMs + 1_000), // SIGSTOP: it goes on
    ]
    for (const fallAsleep of ways) {
      for (const notice of [(clock: Clock) => clock.look(), (clock: Clock) => clock.monotonic()]) {
        const { machine, pass } = createWorld()
        const node = machine()
        let wakes = 0
        node.clock.onWake(() => wakes++)
        fallAsleep(node, pass)
        notice(node.clock)
        expect(wakes).toBe(0) // not before it was started
        node.clock.start()
        onTestFinished(() => node.clock.stop())
        pass(1_000)
        notice(node.clock)
        expect(wakes).toBe(0)
        fallAsleep(node, pass)
        notice(node.clock)
        notice(node.clock)
        expect(wakes).toBe(1)
      }
    }
  })
})

/** A few servers in groups whose links and messages a test holds in its hands: nothing arrives before `deliver`, and time stands until it passes. */

import type { GroupContext, GroupOptions } from '../../node/groups/context.ts'
import type { SizeReport } from '../../node/groups/group-bits.ts'
import { createGroupServer, type GroupServer } from '../../node/groups/group-server.ts'
import type { GroupMessage, Statement } from '../../node/groups/messages.ts'
import type { Place } from '../../node/groups/place.ts'
import { createSeededRandom } from '../../scripts/simulate/seeded-random.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

export interface TestServer {
  readonly id: string
  readonly place: Place
  report: SizeReport
  group: GroupServer<TestServer>
  /** Dialled, oldest first. */
  dialled: TestServer[]
  counts: number[]
  isReady: boolean
}

interface Sent {
  from: TestServer
  to: TestServer
  message: GroupMessage<TestServer>
}

export type GroupTestNetwork = ReturnType<typeof createGroupTestNetwork>

export function createGroupTestNetwork(options: GroupOptions = {}) {
  const time = createVirtualTime()
  const random = createSeededRandom(1)
  const sent: Sent[] = []
  /** True for a message that is lost. */
  let isLost: (sent: Sent) => boolean = () => false
  /** The message as it arrives. */
  let changed: (sent: Sent) => GroupMessage<TestServer> = ({ message }) => message

  /** @param first the first bits of its place, as text: '01' */
  function add(first: string, bits: number): TestServer {
    const place = { high: Number.parseInt(first.padEnd(32, '0'), 2), low: random.below(2 ** 32) }
    const server = {
      id: `${first}-${random.below(1e9)}`,
      place,
      report: { bits, size: 1 },
      dialled: [],
      counts: [],
      isReady: false,
    } as unknown as TestServer
    const context: GroupContext<TestServer> = {
      self: server,
      timers: time.timers,
      random: random.next,
      send: (to, message) => void sent.push({ from: server, to, message }),
      dial: (to) => void server.dialled.push(to),
      close: (to) => unlink(server, to),
      reportOf: ({ report }) => report,
      publish(report) {
        const isNews = server.report.bits !== report.bits || server.report.size !== report.size
        server.report = report
        if (isNews) for (const other of server.group?.links.all() ?? []) other.group.onReport()
      },
      receipts: { give: ({ id }) => `for ${id}`, isRight: ({ id }, receipt) => receipt === `for ${id}` },
      onCount: (_, count) => server.counts.push(count),
    }
    server.group = createGroupServer(context, options, {
      onReady() {
        server.isReady = true
      },
    })
    server.group.begin(bits)
    return server
  }

  function link(a: TestServer, b: TestServer): void {
    a.group.onLink(b)
    b.group.onLink(a)
  }

  function unlink(a: TestServer, b: TestServer): void {
    a.group.onLinkEnd(b)
    b.group.onLinkEnd(a)
  }

  /** Lets all messages arrive that are under way, and those that they bring about. */
  function deliver(): void {
    for (let next = sent.shift(); next !== undefined; next = sent.shift()) {
      if (next.from.group.links.has(next.to) && !isLost(next)) next.to.group.onMessage(next.from, changed(next))
    }
  }

  return {
    timers: time.timers,
    sent,
    add,
    link,
    unlink,
    linkAll(servers: readonly TestServer[]) {
      servers.forEach((server, at) => {
        for (const other of servers.slice(at + 1)) link(server, other)
      })
      for (const { group } of servers) group.begin(group.links.bits)
    },
    deliver,
    /** Time passes, and each message arrives within a tenth of a second. */
    pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        deliver()
        time.passAtOnce(50)
      }
      deliver()
    },
    lose(which: typeof isLost) {
      isLost = which
    },
    change(how: typeof changed) {
      changed = how
    },
    /** The dials of the server succeed. */
    answerDials(server: TestServer, isOpen = true) {
      for (let to = server.dialled.shift(); to !== undefined; to = server.dialled.shift()) {
        if (isOpen) link(server, to)
        server.group.onDialEnd(to, isOpen)
      }
    },
    lease: (home: TestServer, place: Place, id = 'lease', key = 'key'): Statement<TestServer> => ({ id, kind: 'lease', key, place, home }),
    watch: (home: TestServer, place: Place, id = 'watch', key = 'key'): Statement<TestServer> => ({ id, kind: 'watch', key, place, home }),
  }
}

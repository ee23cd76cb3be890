/** A server's part in its group, put together: links and their upkeep, joining, leases and watches, finds. It has no I/O of its own. */

import { createAudit } from './audit.ts'
import { createCarrier } from './carrier.ts'
import { GROUP_DEFAULTS, type GroupContext, type GroupOptions } from './context.ts'
import { createDialer } from './dialer.ts'
import { createFaults } from './faults.ts'
import { createGroupFinder } from './group-finder.ts'
import { createMessageHandler } from './group-messages.ts'
import { createHomeStatements, type HomeStatements } from './home-statements.ts'
import { createIntroductions } from './introductions.ts'
import { createJoining, type Joining } from './joining.ts'
import { createLinks } from './links.ts'
import type { GroupMessage } from './messages.ts'
import { createNearestServers } from './nearest-servers.ts'
import type { Place, Server } from './place.ts'
import { createQuestions } from './questions.ts'
import { createRecords } from './records.ts'
import { createUpkeep, type Upkeep } from './upkeep.ts'

/** Between two looks at statements without a carrier, in ms. */
const SWEEP_MS = 10_000

export type GroupServer<S extends Server> = ReturnType<typeof createGroupServer<S>>

export interface GroupServerEvents {
  onReady?(): void
  onWhole?(): void
}

export function createGroupServer<S extends Server>(context: GroupContext<S>, options: GroupOptions = {}, events: GroupServerEvents = {}) {
  const { self, timers, send } = context
  const settings = { ...GROUP_DEFAULTS, ...options }
  const links = createLinks(self, context.reportOf)
  const questions = createQuestions(context, settings.answerMs)
  const dialer = createDialer(context, links, settings.dialsAtOnce)
  const faults = createFaults(timers)
  const faultsOf = ({ id }: S) => faults.countOf(id)
  let endSweep = () => {}

  function onFault(server: S): void {
    if (faults.add(server.id)) upkeep.refuse(server)
  }

  const records = createRecords<S>(
    context,
    (carrier, watch, count) =>
      carrier === self ? onMessage(self, { type: 'count', id: watch.id, count }) : send(carrier, { type: 'count', id: watch.id, count }),
    settings,
  )
  const carrier = createCarrier<S>(
    context,
    {
      links,
      records,
      home: {
        onCarried: (from, id, receipt) => statements.onCarried(from, id, receipt),
        onMove: (from, id) => statements.onMove(from, id),
      },
    },
    settings,
  )
  const statements: HomeStatements<S> = createHomeStatements<S>(
    context,
    { links, carrier, faultsOf, onFault, repair: (...where) => upkeep.repair(...where) },
    settings,
  )
  const upkeep: Upkeep<S> = createUpkeep<S>(
    context,
    {
      links,
      questions,
      dialer,
      isJoining: () => joining.isJoining,
      onBits() {
        statements.onBits()
        carrier.onBits()
      },
      letGo: (server) => statements.moveFrom(server) && !carrier.isFor(server),
    },
    settings,
  )
  const joining: Joining<S> = createJoining<S>(context, {
    links,
    ...{ questions, dialer, patient: dialer },
    setBits: upkeep.setBits,
    onReady() {
      upkeep.report()
      events.onReady?.()
    },
    onWhole(spare) {
      upkeep.onWhole(spare)
      events.onWhole?.()
    },
  })
  const introductions = createIntroductions<S>(context, links, questions, settings, () => joining.isJoining)
  const nearest = createNearestServers<S>(context, { links, questions }, settings)
  const finder = createGroupFinder<S>(
    context,
    { links, questions, dialer, records, nearest, faultsOf, onFault, repair: upkeep.repair },
    settings,
  )

  const audit = createAudit<S>(context, { links, questions, records, statements }, settings)

  const onMessage: (from: S, message: GroupMessage<S>) => void = createMessageHandler<S>(context, {
    links,
    records,
    carrier,
    statements,
    upkeep,
    introductions,
    nearest,
    finder,
    audit,
    questions,
  })

  return {
    self,
    links,
    dialer,
    records,
    carrier,
    statements,
    get isReady() {
      return joining.isReady
    },
    get isJoining() {
      return joining.isJoining
    },
    join: joining.join,
    /** Places the server in a group of so many bits, as its first one. */
    begin(bits: number) {
      joining.placed()
      links.setBits(bits)
      upkeep.report()
    },
    hold: statements.add,
    release: statements.remove,
    find: (key: string, place: Place, end: Parameters<typeof finder.find>[2]) => finder.find(key, place, end),
    onMessage,
    /** There is a connection to the server now. */
    onLink(server: S) {
      if (!links.add(server)) return
      upkeep.onLink(server)
      carrier.onLink(server)
      joining.check()
    },
    onLinkEnd(server: S) {
      if (!links.remove(server)) return
      records.onLinkEnd(server)
      carrier.onLinkEnd(server)
      statements.onLinkEnd(server)
      upkeep.onLinkEnd(server)
    },
    onReport: upkeep.onReport,
    onDialEnd: dialer.onEnd,
    start() {
      upkeep.start()
      endSweep = timers.every(SWEEP_MS, () => {
        statements.sweep()
        audit.run()
      })
    },
    stop() {
      upkeep.stop()
      dialer.stop()
      questions.stop()
      statements.stop()
      endSweep()
    },
  }
}

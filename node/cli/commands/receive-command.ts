/** `mayfly receive`: a receiver behind somebody else's node, with its inbox on this disk, until the process is asked to stop. */

import { once } from 'node:events'
import { createPeer, MayflyError, type Peer } from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import type { InboxEvent } from '../../server/inbox/inbox.ts'
import { InboxDatabase } from '../../server/inbox/inbox-database.ts'
import type { InboxReceiver } from '../../server/inbox/inbox-receiver.ts'
import { findInboxPath } from '../../server/inbox/receiver-directory.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { openOutboxStore } from '../../server/store/outbox-store.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, stopSoon } from '../fetch/joined-peer.ts'
import { exportFacts } from '../print/message-facts.ts'
import { printMessages } from '../print/message-printer.ts'
import type { Output } from '../print/output.ts'
import { urlOf, urlsForOthers } from '../values/server-values.ts'
import { describeInboxEvent, describeOutboxEvent, type OpenedReceiver, openReceiver } from './open-receiver.ts'

/**
 * Prints the receiver's address and the URL of its page, then each message as it is stored. It does not wait for the network, and joins it
 * whenever it can: stored messages can be read without.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, ERR_BAD_END, ERR_BAD_RULE, ERR_DAMAGED
 * @throws the system's error, in words
 */
export async function runReceive(context: CommandContext, name: string): Promise<ExitCode> {
  const { configuration, output, signal } = context
  if (configuration.export) return exportInbox(context, name)
  const opened = await openReceiver(configuration, name, (event) => reportEvent(event.type, describeInboxEvent(event), output))
  let peer: Peer | undefined
  let page: InboxPage | undefined
  let receiver: InboxReceiver | undefined
  let stopPrinting = () => {}
  try {
    peer = await createPeer({
      role: 'tab',
      join: configuration.join,
      createHasher: createNativeHasher,
      messageSecret: opened.secret,
      outboxStore: openOutboxStore(opened.outboxPath, (event) => reportEvent(event.type, describeOutboxEvent(event), output)),
    })
    peer.onEvent((event) => {
      const words = describeNetworkEvent(event)
      if (words !== undefined) output.remark(words)
    })
    reportClock(peer, output)
    await peer.start()
    receiver = opened.connect(peer.messages, (error) => output.problem(error))
    receiver.start()
    const contentOrigin = createContentOrigin(peer, configuration.join)
    page = configuration.noView ? undefined : await openInboxPage(context, receiver, contentOrigin)
    printAddress(output, opened, page)
    const pageUrl = page?.url
    stopPrinting = printMessages(opened.inbox, output, context.stdout, () => ({ pageUrl, contentOrigin: contentOrigin() }))
    if (!signal.aborted) await once(signal, 'abort')
    return EXIT.done
  } finally {
    stopPrinting()
    await receiver?.stop()
    await page?.stop()
    if (peer !== undefined) await stopSoon(peer)
    opened.close()
  }
}

const EVENT_CODES = { 'kept-back': 'ERR_UNAVAILABLE', failing: 'ERR_NOT_STORED', damaged: 'ERR_DAMAGED' } as const

function reportEvent(type: InboxEvent['type'], words: string, output: Output): void {
  if (type === 'recovered') output.remark(words)
  else output.problem(new MayflyError(EVENT_CODES[type], words))
}

/** A body that was too large to travel is content, which any gateway of the overlay serves: best the one that the receiver is with now. */
function createContentOrigin(peer: Peer, join: string[]): () => string | undefined {
  const first = join.map(originOfAddress).find((origin) => origin !== undefined)
  return () => peer.status().homeOrigin ?? first
}

type InboxPage = Awaited<ReturnType<typeof openInboxPage>>

async function openInboxPage(
  { configuration, output, version }: CommandContext,
  { inbox }: InboxReceiver,
  contentOrigin: () => string | undefined,
) {
  const { createGatewayServer, createInboxGateway, describeOwner } = await import('../../../gateway/index.ts')
  const { port, host, publicUrl, token } = configuration
  const server = createGatewayServer({ trustProxy: false })
  const gateway = createInboxGateway({
    inbox,
    version,
    contentOrigin,
    onEvent(event) {
      if (event.type === 'failed') output.problem(event.error)
    },
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== undefined && { token }),
  })
  const bound = await server.listen({ port, host }).catch((error) => {
    throw explainSystemError(
      `Cannot show the inbox at ${host} port ${port} (--port chooses another port, --no-view leaves the page out)`,
      error,
    )
  })
  server.serve(gateway)
  output.remark(`The inbox shows itself to ${describeOwner({ publicUrl, token })}`)
  if (publicUrl === undefined) for (const url of urlsForOthers(host, bound.port)) output.remark(`For other machines: ${url}`)
  return {
    url: publicUrl ?? urlOf(host, bound.port),
    async stop(): Promise<void> {
      gateway.drain()
      await server.stop()
    },
  }
}

function printAddress(output: Output, { hashname, inbox }: OpenedReceiver, page: InboxPage | undefined): void {
  const ends = inbox.ends().map(({ end }) => end)
  const lines = page === undefined ? [hashname] : [hashname, page.url]
  const address = 'The address of this receiver, to which others write by `mayfly send ADDRESS TEXT`'
  output.remark(page === undefined ? `${address}:` : `${address}, and the page of its messages:`)
  output.result(lines.join('\n'), { hashname, ends, ...(page !== undefined && { url: page.url }) })
  const names = ends.filter((end) => end !== hashname)
  if (names.length > 0) output.remark(`It receives what is sent to ${names.join(', ')}, too`)
  output.remark('Messages follow as they come. Ctrl-C ends receiving; stored messages stay')
}

/**
 * Prints all messages of an inbox as JSON lines. Works beside a receiver that is running, and on a damaged file, of which it exports what can be read: then the exit code is 1.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: there is no receiver of that name
 */
async function exportInbox({ configuration, output, signal }: CommandContext, name: string): Promise<ExitCode> {
  let damaged = 0
  const path = findInboxPath(configuration.data, name)
  const database = new InboxDatabase(path, () => void damaged++, true)
  try {
    for (const stored of database.reader.everything()) {
      signal.throwIfAborted()
      if (output.closed.aborted) break
      await output.bytes(Buffer.from(`${JSON.stringify(exportFacts(stored))}\n`))
    }
  } finally {
    database.close()
  }
  if (damaged === 0) return EXIT.done
  output.problem(new MayflyError('ERR_DAMAGED', `${damaged} messages could not be read as they were stored, and were left out`))
  return EXIT.failed
}

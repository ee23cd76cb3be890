/** `mayfly receive`: a receiver behind somebody else's node, with its inbox on this disk, until it is told to end. */

import { once } from 'node:events'
import type { Peer } from '../../index.ts'
import { createPeer, MayflyError } from '../../index.ts'
import { InboxDatabase } from '../../server/inbox/inbox-database.ts'
import type { Receiver } from '../../server/inbox/receiver.ts'
import { findInboxPath } from '../../server/inbox/receiver-directory.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { openOutboxStore } from '../../server/store/outbox-store.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, stopSoon } from '../fetch/joined-peer.ts'
import { exportFacts } from '../print/message-facts.ts'
import { printMessages } from '../print/message-printer.ts'
import { originOfJoinAddress } from '../values/join-address.ts'
import { urlOf } from '../values/public-address.ts'
import type { InboxParts, StoppableGateway } from './gateway-parts.ts'
import { describeInboxEvent, type OpenedReceiver, openReceiver } from './open-receiver.ts'

/**
 * Says its address and the URL of its view first, then each message that is stored. It does not wait for the network, which it joins whenever
 * it is there: what has come can be read without.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, ERR_BAD_END, ERR_BAD_RULE, ERR_DAMAGED
 * @throws the system's error, in words
 */
export async function runReceive<Gateway extends StoppableGateway>(
  context: CommandContext,
  name: string,
  http: InboxParts<Gateway>,
): Promise<ExitCode> {
  const { configuration, output, signal } = context
  if (configuration.export) return exportInbox(context, name)
  const opened = await openReceiver({
    configuration,
    name,
    onEvent(event) {
      if (event.type === 'recovered') output.remark(describeInboxEvent(event))
      else output.problem(new MayflyError(event.type === 'damaged' ? 'ERR_DAMAGED' : 'ERR_UNAVAILABLE', describeInboxEvent(event)))
    },
  })
  let peer: Peer | undefined
  let view: View | undefined
  let receiver: Receiver | undefined
  let stopPrinting = () => {}
  try {
    peer = await createPeer({
      role: 'tab',
      join: configuration.join,
      createHasher: createNativeHasher,
      messageSecret: opened.secret,
      outboxStore: openOutboxStore(opened.outboxPath),
    })
    peer.onEvent((event) => {
      const words = describeNetworkEvent(event)
      if (words !== undefined) output.remark(words)
    })
    await peer.start()
    receiver = opened.connect(peer.messages, (error) => output.problem(error))
    receiver.start()
    view = configuration.view ? await openView(context, receiver, http) : undefined
    sayAddress(context, opened, view)
    stopPrinting = printMessages({ inbox: opened.inbox, output, stdout: context.stdout })
    if (!signal.aborted) await once(signal, 'abort')
    return EXIT.done
  } finally {
    stopPrinting()
    await receiver?.stop()
    await view?.stop()
    if (peer !== undefined) await stopSoon(peer)
    opened.close()
  }
}

interface View {
  readonly url: string
  stop(): Promise<void>
}

async function openView<Gateway extends StoppableGateway>(
  { configuration, output, version }: CommandContext,
  { inbox }: Receiver,
  http: InboxParts<Gateway>,
): Promise<View> {
  const { port, host, publicUrl, token } = configuration
  const server = http.createGatewayServer({ trustProxy: false })
  // A body that was too large to travel is content, which any gateway of the overlay serves.
  const contentOrigin = configuration.join.map(originOfJoinAddress).find((origin) => origin !== undefined)
  const gateway = http.createInboxGateway({
    inbox,
    version,
    ...(contentOrigin !== undefined && { contentOrigin }),
    onEvent({ type, error }) {
      if (type === 'failed') output.problem(error)
    },
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== undefined && { token }),
  })
  const bound = await server.listen({ port, host }).catch((error) => {
    throw explainSystemError(`Cannot show the inbox at ${host} port ${port} (--port chooses another, --no-view none)`, error)
  })
  server.serve(gateway)
  return {
    url: publicUrl ?? urlOf(host, bound.port),
    async stop() {
      gateway.drain()
      await server.stop()
    },
  }
}

function sayAddress({ output }: CommandContext, { hashname, inbox }: OpenedReceiver, view: View | undefined): void {
  const ends = inbox.ends().map(({ end }) => end)
  const lines = view === undefined ? [hashname] : [hashname, view.url]
  output.result(lines.join('\n'), { hashname, ends, ...(view !== undefined && { url: view.url }) })
}

/** Also of one that runs, and of one that is damaged: what can be read of it. 1, when something could not. */
async function exportInbox({ configuration, output, signal }: CommandContext, name: string): Promise<ExitCode> {
  const damaged: number[] = []
  const path = findInboxPath(configuration.data, name)
  const database = new InboxDatabase(path, { isReadOnly: true, onDamaged: (sequence) => damaged.push(sequence) })
  try {
    for (const kept of database.everything()) {
      signal.throwIfAborted()
      if (output.closed.aborted) break
      await output.bytes(Buffer.from(`${JSON.stringify(exportFacts(kept))}\n`))
    }
  } finally {
    database.close()
  }
  if (damaged.length === 0) return EXIT.done
  output.problem(new MayflyError('ERR_DAMAGED', `${damaged.length} messages could not be read as they were stored, and were left out`))
  return EXIT.failed
}

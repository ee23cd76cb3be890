/** `mayfly receive --offers DIR`: takes what contacts offer, each time into a folder of its own, until it is asked to stop. */

import { once } from 'node:events'
import { MayflyError, type ReceivedOffer } from '../../index.ts'
import { makeDirectories } from '../../server/store/directories.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { createAccountPeer, goOnline, leaveSoon } from '../fetch/account-peer.ts'
import { type Asking, createAsking } from '../print/asking.ts'
import { describeBytes } from '../print/progress-bar.ts'
import { receiveAgain } from '../receive/receive-again.ts'
import { createSubmissionSaver } from '../receive/submission-saver.ts'

/** Files that a question names. */
const SHOWN_FILES = 3

/**
 * @throws {MayflyError} ERR_NO_ACCOUNT, ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws the system's error, in words
 */
export async function runReceiveOffers(context: CommandContext, directory: string): Promise<ExitCode> {
  const { output, signal, stdin } = context
  await makeDirectories(directory).catch((error: unknown) => {
    throw explainSystemError(`Cannot write into ${directory}`, error)
  })
  const asking = createAsking({ stdin, output, signal })
  const own = await createAccountPeer(context, { create: false })
  const under = new Set<Promise<void>>()
  try {
    await goOnline(context, own)
    const contacts = own.people.contacts.list().filter(({ state }) => state === 'trusted')
    output.result(`Contacts: ${contacts.map(({ alias }) => alias).join(', ') || 'none'}`, {
      type: 'receiving',
      account: own.people.account.id,
      contacts: contacts.map(({ alias, account }) => ({ alias, account })),
      directory,
    })
    output.remark(`What they offer is saved into ${directory} while this command runs. Ctrl-C ends it`)
    const stopListening = own.offers.onOffer((offer) => {
      const work = take(context, { directory, asking, offer }).catch((error: unknown) => {
        if (!signal.aborted) output.problem(error)
      })
      under.add(work)
      void work.finally(() => under.delete(work))
    })
    if (!signal.aborted) await once(signal, 'abort')
    stopListening()
    return EXIT.done
  } finally {
    await leaveSoon(own)
    await Promise.all(under)
  }
}

interface Taking {
  directory: string
  asking: Asking
  offer: ReceivedOffer
}

async function take(context: CommandContext, { directory, asking, offer }: Taking): Promise<void> {
  const { output } = context
  const { id, alias, account, words, count, bytes, files } = offer
  const who = alias ?? 'Another place of yours'
  output.event({ type: 'offer', offer: id, account, ...(alias !== undefined && { alias }), words, count, bytes, files, state: offer.state })
  if (offer.state === 'asked') {
    const isWanted = await decide(context, asking, offer, who)
    if (isWanted === undefined) return
    if (!isWanted) {
      await offer.refuse()
      output.event({ type: 'state', offer: id, state: 'refused', bytes: 0, totalBytes: bytes })
      return output.remark(`${who} hears that you do not want it`)
    }
  }
  output.remark(`${who} sends ${describeOffer(offer)}`)
  await receive(context, directory, offer, who)
}

/** Undefined when nobody can be asked, or when it is over before an answer. */
async function decide(
  { configuration, output }: CommandContext,
  asking: Asking,
  offer: ReceivedOffer,
  who: string,
): Promise<boolean | undefined> {
  const { yes, maxSize } = configuration
  if (maxSize !== undefined && offer.bytes > maxSize) return false
  if (yes) return true
  const shown = offer.words === '' ? '' : `: “${offer.words}”`
  if (!asking.canAsk) {
    const how = `mayfly contacts ${JSON.stringify(who)} --take always lets them, and --yes everybody`
    output.problem(new MayflyError('ERR_REFUSED', `${who} offers ${describeOffer(offer)}, and nobody can be asked here: ${how}`))
    return undefined
  }
  const over = new AbortController()
  const stopListening = offer.onChange(() => {
    if (offer.state !== 'asked') over.abort()
  })
  try {
    return await asking.confirm(`${who} offers ${describeOffer(offer)}${shown}. Receive it?`, true, { signal: over.signal })
  } catch {
    output.remark(`${who}: ${offer.text}`)
    return undefined
  } finally {
    stopListening()
  }
}

/** Again and again while the fault is not the share's: what has come stays. */
async function receive(context: CommandContext, directory: string, offer: ReceivedOffer, who: string): Promise<void> {
  const { output, signal } = context
  const { id } = offer
  const receive = () =>
    offer.receive(createSubmissionSaver(context, directory, { offer: id }), {
      signal,
      label: 'mayfly',
      onState({ state, bytes, totalBytes, text }) {
        output.event({ type: 'state', offer: id, state, bytes, totalBytes: totalBytes || offer.bytes, ...(text !== '' && { text }) })
      },
    })
  if (await receiveAgain({ output, signal, receive, isOver: () => offer.state !== 'taken' })) output.remark(`${who}: all of it is here`)
}

function describeOffer({ files, count, bytes }: ReceivedOffer): string {
  const named = files.slice(0, SHOWN_FILES).map(({ path }) => path)
  const rest = count - named.length
  const names = rest > 0 && named.length > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ') || `${count} files`
  return `${names} (${describeBytes(bytes)})`
}

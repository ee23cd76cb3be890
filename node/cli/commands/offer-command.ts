/** `mayfly share … --with ALIAS`: offers files to a contact, who may be away, and ends when they have them. */

import { abortable } from '../../async/abort.ts'
import { type MadeOffer, MayflyError, type Share, type ShareItem } from '../../index.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type AccountPeer, createAccountPeer, goOnline, leaveSoon } from '../fetch/account-peer.ts'
import { closeInputs, MAX_HELD_BYTES, openInputs } from '../hold/hold-input.ts'
import { describeInput } from '../hold/input-sentences.ts'
import { shareContents } from '../share/share-items.ts'
import { createShareReport } from '../share/share-report.ts'

const MAX_ENTRIES = 10_000

/**
 * The same files for the same contact are one offer, however often the command runs, until they have it.
 *
 * @param to alias or account of a contact; `Us` for the account's own other places
 * @throws {MayflyError} ERR_NOBODY, ERR_NO_ACCOUNT, ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_LIMIT, ERR_NOT_STORED
 * @throws the system's error, in words
 */
export async function runOffer(context: CommandContext, paths: string[], to: string): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { text, skipHidden, skipOdd, peerRate } = configuration
  if (paths.length === 0)
    throw new MayflyError('ERR_BAD_OPTION', 'Nothing to offer: name files or folders; --text is for words beside them')
  const limits = {
    ...{ maxHeldBytes: MAX_HELD_BYTES, maxHeldContents: MAX_ENTRIES + 1 },
    ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }),
  }
  const own = await createAccountPeer(context, { create: false, limits })
  let inputs: Awaited<ReturnType<typeof openInputs>> = []
  try {
    mustKnow(own, to)
    const rules = { task: 'share', maxFiles: MAX_ENTRIES, skipHidden, skipOdd } as const
    inputs = await openInputs(paths, { stdin, limits: own.peer.status().limits, rules, signal })
    const { items } = await shareContents(inputs, undefined)
    await goOnline(context, own)
    for (const fact of inputs.flatMap(describeInput)) output.remark(fact)
    const offer = await makeOrBringBack(own, items, { to, words: text ?? '' })
    return await untilOver(context, own, offer, to)
  } finally {
    await leaveSoon(own)
    await closeInputs(inputs)
  }
}

/** Before files are read. @throws {MayflyError} ERR_NOBODY */
function mustKnow({ offers }: AccountPeer, to: string): void {
  offers.ruleOf(to)
}

async function makeOrBringBack(
  { offers, sharing, people }: AccountPeer,
  items: readonly ShareItem[],
  { to, words }: { to: string; words: string },
): Promise<MadeOffer> {
  const known = people.contacts.list().find(({ account, alias }) => account === to || alias === to)
  const account = known?.account ?? people.account.id
  const before = offers.made().find((offer) => offer.account === account && offer.words === words && isOf(offer, items))
  if (before?.snapshot === undefined) return offers.make(to, items, { words })
  before.bring(await sharing.share(items, { resume: before.snapshot }))
  return before
}

/** Of the same names and sizes, as far as it names its files. */
function isOf({ count, files }: MadeOffer, items: readonly ShareItem[]): boolean {
  const sizes = new Map(items.map((item) => [item.path, item.kind === 'file' ? item.source.size : item.text.length]))
  return count === items.length && files.length > 0 && files.every(({ path, size }) => sizes.get(path) === size)
}

/** Resolves once it is over. Asked to stop, the command leaves it as it is. */
async function untilOver({ output, signal }: CommandContext, { offers }: AccountPeer, offer: MadeOffer, to: string): Promise<ExitCode> {
  const { id, account, count, bytes } = offer
  output.result(`Offered to ${to}: ${describeState(offer, to)}`, { type: 'offer', offer: id, account, files: count, bytes })
  const share = offer.share as Share // it was made, or brought back
  const report = createShareReport({ share, output, now: () => performance.now() })
  let told = ''
  const tell = () => {
    const { state, isAway, text } = offer
    const facts = JSON.stringify([state, isAway, text])
    if (facts === told) return
    told = facts
    output.event({ type: 'state', offer: id, state, isAway, ...(text !== '' && { text }) })
    if (state !== 'done') output.remark(`${to}: ${describeState(offer, to)}`)
  }
  const stopReport = share.onChange(report.update)
  try {
    report.update()
    await abortable<void>(signal, (resolve) => {
      const look = () => {
        tell()
        if (offer.state === 'done' || offer.state === 'refused' || offer.state === 'ended') resolve()
      }
      const stopListening = offers.onChange(look)
      look()
      return stopListening
    })
  } catch {
    output.remark('The offer stays: run the same command again to go on. `mayfly contacts` with --withdraw takes it back')
    return EXIT.failed
  } finally {
    stopReport()
    report.end()
  }
  if (offer.state !== 'done') {
    const why = offer.state === 'refused' ? `${to} said no` : `The offer has ended: ${offer.text}`
    await offer.close()
    throw new MayflyError('ERR_REFUSED', why)
  }
  output.result(`Done: ${to} has everything`, { type: 'done', offer: id, files: offer.count })
  await offer.close()
  return EXIT.done
}

function describeState({ state, isAway, text }: MadeOffer, to: string): string {
  if (text !== '') return state === 'ended' ? text : `it could not be received there yet: ${text}`
  switch (state) {
    case 'waiting':
      return isAway ? 'away. The transfer begins by itself when they are here' : `here; ${to} takes no files now`
    case 'asked':
      return 'here, and asked'
    case 'taken':
      return isAway ? 'has taken it, and is away now' : 'receives it'
    case 'done':
      return 'has everything'
    case 'refused':
      return 'said no'
    case 'ended':
      return 'over'
  }
}

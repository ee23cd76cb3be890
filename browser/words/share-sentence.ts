/** A share and its receivers in words, for its sharer. */

import type { ShareRules, ShareWay } from '../../node/index.ts'
import { filesText, sizeText } from '../text/size-text.ts'
import { progressText } from './progress-sentence.ts'

interface ReceiverFacts {
  state: 'looking' | 'asking' | 'receiving' | 'done' | 'left' | 'refused'
  way: ShareWay | undefined
  files: number
  savedFiles: number
  done: number
  total: number
  bytesPerSecond: number
}

/** @param node the node that serves this tab, in words */
export function shareWayText(way: ShareWay, node: string): string {
  if (way === 'direct') return 'directly'
  return way === 'turn' ? 'through a TURN server' : `through ${node}`
}

/** @param isOver the share has ended */
export function receiverSentence({ state, files, savedFiles, done, total, bytesPerSecond }: ReceiverFacts, isOver = false): string {
  if (state === 'looking') return 'sees the list, and has not taken anything yet'
  if (state === 'asking') return 'asks whether it may have this'
  if (state === 'refused') return 'was sent away'
  if (state === 'done') return files === 1 ? 'has it' : `has everything it took: ${filesText(files)}`
  if (files === 0 && state === 'receiving') return 'waits: nothing of what it takes is here now'
  if (files === 0) return isOver ? 'has not taken anything' : 'has left'
  const saved = files > 1 ? `${savedFiles} of ${filesText(files)} saved. ` : ''
  if (state === 'receiving') return `${saved}${progressText({ done, total, bytesPerSecond })}`
  if (savedFiles === files) return isOver ? 'has everything it took' : 'has left'
  return `${isOver ? 'does not have everything' : 'has left before it had everything'}. ${saved}${progressText({ done, total })}`
}

/** @param problem what the receiver says, without its full stop */
export const receiverProblemSentence = (problem: string) => `It says: ${problem}. It goes on when that is mended there.`

/** All receivers together; undefined while nobody has taken anything. */
export function totalSentence(receivers: readonly ReceiverFacts[]): string | undefined {
  const taking = receivers.filter(({ files, state }) => files > 0 && state !== 'refused')
  if (taking.length === 0) return undefined
  const has = taking.filter(({ state }) => state === 'done').length
  const sum = (of: (receiver: ReceiverFacts) => number) => taking.reduce((total, receiver) => total + of(receiver), 0)
  const pace = sum(({ bytesPerSecond }) => bytesPerSecond)
  const speed = pace > 0 ? `, ${sizeText(Math.round(pace))} per second` : ''
  const whole = `${sizeText(sum(({ done }) => done))} of ${sizeText(sum(({ total }) => total))}${speed}`
  return `${has} of ${taking.length} ${has === 1 && taking.length === 1 ? 'has' : 'have'} everything: ${whole}.`
}

/** Says to the sharer whether the tab may be closed. */
export function closeSentence(receivers: readonly Pick<ReceiverFacts, 'state'>[], { receivers: most }: ShareRules): string {
  const states = receivers.map(({ state }) => state)
  if (states.includes('asking')) return 'Somebody waits for your answer: admit or refuse them below. Keep this tab open until they have it.'
  if (states.includes('receiving')) return 'Somebody is receiving. Keep this tab open until they have it.'
  const done = states.filter((state) => state === 'done').length
  if (most !== undefined && done >= most) return 'Everybody who may have it has it. You can close this tab.'
  const left = states.includes('left') ? ' Those who have left can go on only while it is open.' : ''
  if (done > 0) return `Everybody who is here has it. Close this tab when nobody else is to have it.${left}`
  return `Keep this tab open until they have it: the files are here, and on no server.${left}`
}

/** The rules of a share, one sentence each. */
export function ruleSentences({ receivers, untilMs, password, ask, stopAfterFirst, sealed }: ShareRules): string[] {
  return [
    receivers === undefined
      ? 'Everybody with the link can have it.'
      : receivers === 1
        ? 'One receiver can have it, once.'
        : `${receivers} receivers can have it.`,
    untilMs === undefined ? 'It lasts as long as this tab is open.' : `It ends on ${new Date(untilMs).toLocaleString()}, or with this tab.`,
    ...(password === undefined ? [] : [`They need the password “${password}”.`]),
    ...(ask ? ['You are asked for each.'] : []),
    ...(stopAfterFirst ? ['It ends when the first receiver has everything.'] : []),
    sealed === false
      ? 'This page came by plain http, where browsers do not encrypt: nodes that pass the files on can read them.'
      : 'This tab encrypts the files, and no node can read them.',
  ]
}

/** Rules that are being chosen, in short. @param lasts for how long, in words */
export function chosenRulesText({ receivers, password, ask, stopAfterFirst }: ShareRules, lasts: string | undefined): string {
  const [who = ''] = ruleSentences({ ...(receivers !== undefined && { receivers }) })
  return [
    who,
    ...(lasts === undefined ? [] : [`It lasts ${lasts}.`]),
    ...(password === undefined ? [] : ['With a password.']),
    ...(ask ? ['You are asked for each.'] : []),
    ...(stopAfterFirst ? ['It ends when the first receiver has everything.'] : []),
  ].join(' ')
}

/** Why a share has ended, for its sharer. */
export function endedSentence(code: string | undefined): string {
  if (code === 'ERR_SHARE_EXPIRED') return 'Its time is over. Its link says so to everybody who comes, as long as this tab is open.'
  return 'This share has ended. Its link says so to everybody who comes, as long as this tab is open.'
}

export function sharingProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'ERR_NO_NETWORK' || code === 'ERR_NOT_STARTED') return 'This tab is not connected now. Try again when it is.'
  if (code === 'ERR_SHARE_ENDED') return 'This share has ended. Begin a new one.'
  if (code === 'ERR_LIMIT' || code === 'ERR_BAD_OPTION') return `${message}.`
  return `That did not work: ${message ?? String(error)}. Try again.`
}

export function renamedSentence(renamed: readonly { given: string; path: string }[]): string | undefined {
  const [first] = renamed
  if (first === undefined) return undefined
  const others = renamed.length > 1 ? ` So do ${filesText(renamed.length - 1)} more.` : ''
  return `There is another file of the name “${first.given}”. This one is now called “${first.path}”.${others}`
}

/** The outcome of a code of two words and a number. */
export function codeOutcomeSentence(outcome: 'claimed' | 'burnt' | 'expired' | 'cancelled'): string {
  if (outcome === 'claimed') return 'The code was used. The next person needs another code, or the link.'
  if (outcome === 'burnt') return 'Somebody entered three wrong codes, so this one has ended. Make another.'
  if (outcome === 'expired') return 'The ten minutes of the code are over. The link still works.'
  return 'The code was taken back. The link still works.'
}

/** The decisions who may see and receive a share: each row is what happens, one thing after the other, and what each leads to. */

import { expect, test } from 'vitest'
import {
  ADMISSION_LIMITS,
  type Admission,
  type AdmissionState,
  admitAsked,
  admitHello,
  admitPassword,
  admitTake,
  createAdmission,
  dismiss,
  isLocked,
  unlock,
} from '../../../node/sharing/sharer/admission.ts'
import type { ShareRules } from '../../../node/sharing/types.ts'

const NOW = 1_000
const LATER = 5_000

/** 'a' to 'z' are receivers, each a peer of its own; 'b/a' is b at the peer a. Then comes what one does: hello, take, its password, what the sharer answers. */
function happen(state: AdmissionState, step: string): string {
  const [name = '', what = '', word = ''] = step.split(' ')
  const [who = '', peer = who] = name.split('/')
  const at = (what.endsWith('-late') ? LATER : NOW) as number
  const told = (admitted: Admission) =>
    admitted.do === 'refuse'
      ? `${admitted.code.replace('ERR_SHARE_', '')}${admitted.triesLeft ? `:${admitted.triesLeft}` : ''}`
      : admitted.do
  if (what.startsWith('hello')) return told(admitHello(state, who, peer, at))
  if (what.startsWith('take')) return told(admitTake(state, who, at))
  if (what.startsWith('says')) return told(admitPassword(state, who, word, at))
  if (what.startsWith('yes') || what.startsWith('no')) return told(admitAsked(state, who, what.startsWith('yes'), at))
  if (what === 'dismissed') dismiss(state, who)
  else if (what === 'unlocked') unlock(state)
  else if (what === 'ended') state.endCode = 'ERR_SHARE_ENDED'
  else if (what === 'expired') state.endCode = 'ERR_SHARE_EXPIRED'
  else throw new Error(`unknown: ${step}`)
  return '-'
}

const wrongOf = (who: string, times: number) => Array.from({ length: times }, () => `${who} says wrong`)

const CASES: [what: string, rules: ShareRules, steps: string[], outcomes: string][] = [
  ['without rules it is listed', {}, ['a hello'], 'list'],
  ['without rules it is taken', {}, ['a hello', 'a take'], 'list taken'],
  ['it is taken twice', {}, ['a hello', 'a take', 'a take'], 'list taken taken'],
  ['many take it', {}, ['a hello', 'a take', 'b hello', 'b take', 'c hello', 'c take'], 'list taken list taken list taken'],
  ['who has taken it comes back to it', {}, ['a hello', 'a take', 'a hello'], 'list taken taken'],
  ['one time: the second is too late', { receivers: 1 }, ['a hello', 'b hello', 'a take', 'b take'], 'list list taken USED'],
  ['one time: the other order', { receivers: 1 }, ['a hello', 'b hello', 'b take', 'a take'], 'list list taken USED'],
  [
    'one time: looking uses nothing up',
    { receivers: 1 },
    ['p hello', 'q hello', 'r hello', 'a hello', 'a take'],
    'list list list list taken',
  ],
  ['one time: who comes later is told', { receivers: 1 }, ['a hello', 'a take', 'b hello'], 'list taken USED'],
  ['one time: the receiver comes back', { receivers: 1 }, ['a hello', 'a take', 'a hello', 'a take'], 'list taken taken taken'],
  ['two: the third is too late', { receivers: 2 }, ['a hello', 'a take', 'b hello', 'b take', 'c hello'], 'list taken list taken USED'],
  [
    'two: one that comes back is counted once',
    { receivers: 2 },
    ['a hello', 'a take', 'a hello', 'b hello', 'b take'],
    'list taken taken list taken',
  ],
  [
    'one that is sent away gives its place back',
    { receivers: 1 },
    ['a hello', 'a take', 'a dismissed', 'b hello', 'b take'],
    'list taken - list taken',
  ],
  ['one that is sent away stays away', {}, ['a hello', 'a dismissed', 'a hello'], 'list - REFUSED'],
  ['one that is sent away takes nothing', {}, ['a hello', 'a dismissed', 'a take'], 'list - REFUSED'],
  ['one that is sent away comes back under another id', {}, ['a hello', 'a dismissed', 'b/a hello', 'c hello'], 'list - REFUSED list'],
  ['one that is sent away was here under another id', {}, ['a hello', 'b/a hello', 'a dismissed', 'b take'], 'list list - REFUSED'],
  [
    'what was taken under another id stays taken',
    {},
    ['b/a hello', 'b take', 'a hello', 'a dismissed', 'b/a hello'],
    'list taken list - taken',
  ],
  ['one that is sent away comes back as another peer', {}, ['a hello', 'a dismissed', 'a/b hello'], 'list - REFUSED'],
  ['ask: no to one id is no to its peer', { ask: true }, ['a hello', 'a take', 'a no', 'b/a hello'], 'list ask REFUSED REFUSED'],
  [
    'ask: a no that becomes a yes, for the peer, too',
    { ask: true },
    ['a hello', 'a take', 'a no', 'a yes', 'b/a hello'],
    'list ask REFUSED taken list',
  ],
  ['until: before', { untilMs: LATER }, ['a hello', 'a take'], 'list taken'],
  ['until: at the moment it is over', { untilMs: LATER }, ['a hello-late'], 'EXPIRED'],
  ['until: listed before, taken after', { untilMs: LATER }, ['a hello', 'a take-late'], 'list EXPIRED'],
  [
    'until: taken in time, it is finished',
    { untilMs: LATER },
    ['a hello', 'a take', 'a hello-late', 'a take-late'],
    'list taken taken taken',
  ],
  [
    'until: the share has noticed',
    { untilMs: LATER },
    ['a hello', 'a take', 'a expired', 'a hello-late', 'b hello-late'],
    'list taken - taken EXPIRED',
  ],
  ['ended: for those who come', {}, ['a ended', 'a hello'], '- ENDED'],
  ['ended: for those who took it', {}, ['a hello', 'a take', 'a ended', 'a hello'], 'list taken - ENDED'],
  ['ended: for those who take', {}, ['a hello', 'a ended', 'a take'], 'list - ENDED'],
  ['ended goes before expired', { untilMs: NOW }, ['a ended', 'a hello'], '- ENDED'],
  ['password: asked for', { password: 'x' }, ['a hello'], 'password'],
  ['password: nothing is taken without', { password: 'x' }, ['a hello', 'a take'], 'password password'],
  ['password: right', { password: 'x' }, ['a hello', 'a says x', 'a take'], 'password list taken'],
  ['password: wrong, then right', { password: 'x' }, ['a hello', 'a says y', 'a says x'], 'password PASSWORD:2 list'],
  ['password: capitals count', { password: 'x' }, ['a hello', 'a says X'], 'password PASSWORD:2'],
  ['password: longer is wrong', { password: 'x' }, ['a hello', 'a says xx'], 'password PASSWORD:2'],
  ['password: the form of accents does not count', { password: '\u00e9' }, ['a hello', 'a says e\u0301'], 'password list'],
  [
    'password: three wrong ones lock the receiver',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'a says x'],
    'password PASSWORD:2 PASSWORD:1 LOCKED LOCKED',
  ],
  [
    'password: locked when it comes back',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'a hello'],
    'password PASSWORD:2 PASSWORD:1 LOCKED LOCKED',
  ],
  [
    'password: a new id of the same peer gets no new tries',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 2), 'b/a hello', 'b says y', 'c/a hello', 'a/d hello'],
    'password PASSWORD:2 PASSWORD:1 password LOCKED LOCKED password',
  ],
  [
    'password: another peer with the same id gets no new tries',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'a/b hello'],
    'password PASSWORD:2 PASSWORD:1 LOCKED LOCKED',
  ],
  [
    'password: unlocked, the peer may try again',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'a unlocked', 'b/a hello', 'b says x'],
    'password PASSWORD:2 PASSWORD:1 LOCKED - password list',
  ],
  [
    'password: others are not locked',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'b hello', 'b says x'],
    'password PASSWORD:2 PASSWORD:1 LOCKED password list',
  ],
  [
    'password: unlocked by the sharer',
    { password: 'x' },
    ['a hello', ...wrongOf('a', 3), 'a unlocked', 'a hello', 'a says x'],
    'password PASSWORD:2 PASSWORD:1 LOCKED - password list',
  ],
  ['password: not asked again', { password: 'x' }, ['a hello', 'a says x', 'a hello'], 'password list list'],
  ['password: an ended share asks for none', { password: 'x' }, ['a ended', 'a hello'], '- ENDED'],
  [
    'password: a used share asks for none',
    { password: 'x', receivers: 1 },
    ['a hello', 'a says x', 'a take', 'b hello'],
    'password list taken USED',
  ],
  ['ask: the sharer is asked', { ask: true }, ['a hello', 'a take'], 'list ask'],
  ['ask: yes', { ask: true }, ['a hello', 'a take', 'a yes'], 'list ask taken'],
  ['ask: no, and it stays so', { ask: true }, ['a hello', 'a take', 'a no', 'a hello', 'a take'], 'list ask REFUSED REFUSED REFUSED'],
  ['ask: yes twice', { ask: true }, ['a hello', 'a take', 'a yes', 'a yes'], 'list ask taken taken'],
  ['ask: comes back while it waits', { ask: true }, ['a hello', 'a take', 'a hello', 'a yes'], 'list ask ask taken'],
  [
    'ask: who was let in is not asked again',
    { ask: true },
    ['a hello', 'a take', 'a yes', 'a hello', 'a take'],
    'list ask taken taken taken',
  ],
  [
    'ask and one time: the second yes is too late',
    { ask: true, receivers: 1 },
    ['a hello', 'b hello', 'a take', 'b take', 'a yes', 'b yes'],
    'list list ask ask taken USED',
  ],
  ['ask and until: the yes comes too late', { ask: true, untilMs: LATER }, ['a hello', 'a take', 'a yes-late'], 'list ask EXPIRED'],
  ['ask and ended', { ask: true }, ['a hello', 'a take', 'a ended', 'a yes'], 'list ask - ENDED'],
]

test.each(CASES)('%s', (_, rules, steps, outcomes) => {
  const state = createAdmission(rules)
  expect(steps.map((step) => happen(state, step)).join(' ')).toBe(outcomes)
})

test('twenty wrong passwords of many lock the share, but not those who were let in', () => {
  const state = createAdmission({ password: 'x' })
  const steps = [
    'y hello',
    'y says x',
    'z hello',
    'z says x',
    'z take',
    ...Array.from('abcdefghij', (who) => [`${who} hello`, ...wrongOf(who, 2)]).flat(),
  ]
  for (const step of steps) happen(state, step)
  expect(isLocked(state)).toBe(true)
  expect(['n hello', 'y hello', 'y take', 'z hello', 'z take'].map((step) => happen(state, step)).join(' ')).toBe(
    'LOCKED list taken taken taken',
  )
  unlock(state)
  expect(['n hello', 'n says x'].map((step) => happen(state, step))).toEqual(['password', 'list'])
})

test('receivers that only look make room for others; those with a place do not', () => {
  const state = createAdmission({})
  for (let i = 0; i < ADMISSION_LIMITS.maxReceivers; i++) admitHello(state, `r${i}`, 'p', NOW)
  admitTake(state, 'r0', NOW)
  expect(admitHello(state, 'late', 'p', NOW)).toEqual({ do: 'list' })
  expect([state.receivers.size, state.receivers.has('r0'), state.receivers.has('r1')]).toEqual([ADMISSION_LIMITS.maxReceivers, true, false])
  for (const standing of state.receivers.values()) standing.place = 'taken'
  expect(admitHello(state, 'later', 'p', NOW)).toEqual({ do: 'refuse', code: 'ERR_SHARE_FULL' })
})

test('those who have given the password are not forgotten for those who have not', () => {
  const state = createAdmission({ password: 'x' })
  for (const step of ['y hello', 'y says x']) happen(state, step)
  for (let i = 0; i < ADMISSION_LIMITS.maxReceivers + 9; i++) admitHello(state, `r${i}`, `p${i}`, NOW)
  expect([state.receivers.size, happen(state, 'y take')]).toEqual([ADMISSION_LIMITS.maxReceivers, 'taken'])
})

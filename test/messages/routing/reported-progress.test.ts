import { describe, expect, test } from 'vitest'
import { REFUSALS } from '../../../node/messages/format/refusal-facts.ts'
import { NO_PROGRESS } from '../../../node/messages/protocol/wire.ts'
import { progressOfHome, progressOfOwnHome, progressOfRecordNode } from '../../../node/messages/routing/reported-progress.ts'
import type { MessageRefusal } from '../../../node/messages/types.ts'

const SEALED = { isSealed: true, expiresAtMs: 1_000 }
const OPEN = { isSealed: false, expiresAtMs: 1_000 }
const ENDLESS = { ...NO_PROGRESS, taps: 2 ** 53 - 1, keepers: 2 ** 53 - 1, nodes: 2 ** 53 - 1, untilMs: 2 ** 53 - 1 }

const REASONS = Object.keys(REFUSALS) as MessageRefusal[]
const FOR_NOW = ['sender-rate', 'sender-share', 'end-full', 'full', 'no-network']

describe('reported progress', () => {
  test.each([
    ['a home of taps', progressOfHome, FOR_NOW],
    ['a record node', progressOfRecordNode, FOR_NOW],
    ["a tab's own home", progressOfOwnHome, ['malformed', 'forged', 'clock', 'expired', ...FOR_NOW]],
  ])('%s cannot end a message in the name of its receiver', (_, said, believed) => {
    const told = REASONS.filter((reason) => said({ ...NO_PROGRESS, refusal: { reason, retryAfterMs: 5 } }, SEALED).refusal !== undefined)
    expect(told).toEqual(REASONS.filter((reason) => believed.includes(reason)))
  })

  test('numbers stay in bounds, and a message is kept at most until it expires', () => {
    expect(progressOfHome(ENDLESS)).toMatchObject({ taps: 65_536, keepers: 65_536, nodes: 0, untilMs: 0 })
    expect(progressOfRecordNode(ENDLESS, SEALED)).toMatchObject({ taps: 67_108_864, nodes: 1, untilMs: 1_000 })
    expect(progressOfOwnHome(ENDLESS, SEALED)).toMatchObject({ taps: 67_108_864, nodes: 64, untilMs: 1_000 })
    expect(progressOfOwnHome({ ...NO_PROGRESS, taps: 1, keepers: 9 }, SEALED)).toMatchObject({ taps: 1, keepers: 1 })
  })

  test('a message that is not sealed is kept by nobody', () => {
    for (const said of [progressOfRecordNode, progressOfOwnHome])
      expect(said({ ...NO_PROGRESS, nodes: 3, untilMs: 9 }, OPEN)).toEqual(NO_PROGRESS)
  })
})

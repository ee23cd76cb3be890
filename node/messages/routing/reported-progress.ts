/**
 * What other nodes say became of a message, as far as each of them can know it: the rest is left out, whatever it says. What receivers say is
 * signed, and comes another way (`passages.ts`).
 */

import type { Envelope } from '../format/envelope.ts'
import { REFUSALS, type RefusalFacts } from '../format/refusals.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'

type Terms = Pick<Envelope, 'isSealed' | 'expiresAtMs'>

/** Nobody has more taps than this, whatever it says: sums stay numbers. */
const MAX_HOME_TAPS = 65_536
const MAX_TOLD_TAPS = 67_108_864
/** Nor has an end more record nodes. */
const MAX_TOLD_NODES = 64
/** Of a home that was asked to give it to its taps: how many hear it, and that it takes nothing now. */
export function progressOfHome({ taps, keepers, refusal }: DeliveryProgress): DeliveryProgress {
  return { ...NO_PROGRESS, ...boundTaps(taps, keepers, MAX_HOME_TAPS), refusal: believed(refusal, ['node']) }
}

/** Of a record node: it is one node, keeps what is sealed, and until it expires; that a message ends is for its receiver to say. */
export function progressOfRecordNode({ taps, keepers, nodes, refusal }: DeliveryProgress, terms: Terms): DeliveryProgress {
  return {
    ...boundTaps(taps, keepers, MAX_TOLD_TAPS),
    ...keptBy(Math.min(nodes, 1), terms),
    refusal: believed(refusal, ['node']),
  }
}

/** Of a tab's own home, which asked all the others. */
export function progressOfOwnHome({ taps, keepers, nodes, refusal }: DeliveryProgress, terms: Terms): DeliveryProgress {
  return {
    ...boundTaps(taps, keepers, MAX_TOLD_TAPS),
    ...keptBy(Math.min(nodes, MAX_TOLD_NODES), terms),
    refusal: believed(refusal, ['node', 'home']),
  }
}

function boundTaps(taps: number, keepers: number, most: number): Pick<DeliveryProgress, 'taps' | 'keepers'> {
  return { taps: Math.min(taps, most), keepers: Math.min(keepers, taps, most) }
}

function keptBy(nodes: number, { isSealed, expiresAtMs }: Terms): Pick<DeliveryProgress, 'nodes' | 'untilMs'> {
  return isSealed && nodes > 0 ? { nodes, untilMs: expiresAtMs } : { nodes: 0, untilMs: 0 }
}

/** A refusal counts when the table says that this peer may state it unsigned. */
function believed(refusal: DeliveryProgress['refusal'], from: readonly RefusalFacts['statedBy'][]): DeliveryProgress['refusal'] {
  return refusal !== undefined && from.includes(REFUSALS[refusal.reason].statedBy) ? refusal : undefined
}

/**
 * Validates the progress of a message that other nodes report: each report is reduced to what that node can know. Receivers' statements are
 * signed, and come another way (seen-messages.ts).
 */

import type { Envelope } from '../format/envelope.ts'
import { WIRE_REFUSALS, type WireRefusal } from '../format/refusals.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'

type Terms = Pick<Envelope, 'isSealed' | 'expiresAtMs'>

/** The most taps that are believed of one home, and in all: sums stay numbers. */
const MAX_HOME_TAPS = 65_536
const MAX_TAPS = 67_108_864
/** The most record nodes of an end that are believed. */
const MAX_RECORD_NODES = 64

/** A home's report on its own taps: how many get the message, and whether it is busy. */
export function progressOfHome({ taps, keepers, refusal }: DeliveryProgress): DeliveryProgress {
  return { ...NO_PROGRESS, ...boundTaps(taps, keepers, MAX_HOME_TAPS), refusal: believed(refusal, ['node']) }
}

/** A record node's report: it is one node, keeps sealed messages only, and until they expire. Only the receiver can refuse for good. */
export function progressOfRecordNode({ taps, keepers, nodes, refusal }: DeliveryProgress, terms: Terms): DeliveryProgress {
  return {
    ...boundTaps(taps, keepers, MAX_TAPS),
    ...keptBy(Math.min(nodes, 1), terms),
    refusal: believed(refusal, ['node']),
  }
}

/** The report of a tab's own home, which asked all the others. */
export function progressOfOwnHome({ taps, keepers, nodes, refusal }: DeliveryProgress, terms: Terms): DeliveryProgress {
  return {
    ...boundTaps(taps, keepers, MAX_TAPS),
    ...keptBy(Math.min(nodes, MAX_RECORD_NODES), terms),
    refusal: believed(refusal, ['node', 'home']),
  }
}

function boundTaps(taps: number, keepers: number, most: number): Pick<DeliveryProgress, 'taps' | 'keepers'> {
  return { taps: Math.min(taps, most), keepers: Math.min(keepers, taps, most) }
}

function keptBy(nodes: number, { isSealed, expiresAtMs }: Terms): Pick<DeliveryProgress, 'nodes' | 'untilMs'> {
  return isSealed && nodes > 0 ? { nodes, untilMs: expiresAtMs } : { nodes: 0, untilMs: 0 }
}

/** A refusal counts when its row in the table says that this peer may state it unsigned. */
function believed(refusal: DeliveryProgress['refusal'], from: readonly WireRefusal['statedBy'][]): DeliveryProgress['refusal'] {
  return refusal !== undefined && from.includes(WIRE_REFUSALS[refusal.reason].statedBy) ? refusal : undefined
}

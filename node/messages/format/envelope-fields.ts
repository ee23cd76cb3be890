/** The clear fields of an envelope, against which the rules of a tap are tested. */

import type { Envelope } from './envelope.ts'
import { decodePayload, type Payload } from './payload.ts'
import type { RuledMessage } from './rules.ts'
import { hashnameOf } from './signing.ts'

const NO_PAYLOAD: Payload = { type: '', fields: {}, body: new Uint8Array() }

/** Undefined when the payload cannot be read: no rule passes it then. */
export function readEnvelopeFields({ from, isSealed, payload }: Envelope): RuledMessage | undefined {
  try {
    return { from: hashnameOf(from), isSealed, ...(isSealed ? NO_PAYLOAD : decodePayload(payload)) }
  } catch {
    return undefined
  }
}

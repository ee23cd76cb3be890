/** A visitor of a first stage, as bytes: it agrees on keys and proves itself as a page does, then says what a test wants, and shows what it hears. */

import { decodeFrame, encodeFrame } from '../../node/network/index.ts'
import { createFirstKeys, encodeFirstKey } from '../../node/sharing/first/first-keys.ts'
import { decodeFirstKey, openFirstSession } from '../../node/sharing/first/session.ts'
import { decodeShareFrame, encodeShareFrame, type ShareFrame } from '../../node/sharing/format/share-frames.ts'
import { helloProof } from '../../node/sharing/format/share-keys.ts'
import { parseLink } from '../../node/sharing/format/share-link.ts'

/** Carries its messages to the sharer. */
type Carry = (id: Uint8Array, onMessage: (message: Uint8Array) => void) => Promise<{ send(message: Uint8Array): unknown }>

/** Resolves once the sharer's key is here. */
export async function openFirstVisitor(path: string, carry: Carry) {
  const link = parseLink('s', path)
  const first = Promise.withResolvers<Uint8Array>()
  const welcome = Promise.withResolvers<void>()
  const heard: ShareFrame[] = []
  let opening: Promise<void> | undefined
  const carrier = await carry(link.id, (message) => {
    const record = new Uint8Array(message)
    if (opening === undefined) first.resolve(record)
    else opening = opening.then(() => hear(record))
  })
  const keys = await createFirstKeys()
  const session = await openFirstSession('receiver', keys, decodeFirstKey(await first.promise), link)

  async function hear(record: Uint8Array): Promise<void> {
    heard.push(decodeShareFrame(decodeFrame(await session.open(record))))
    welcome.resolve()
  }

  const send = async (frame: ShareFrame) => carrier.send(await session.seal(new Uint8Array(encodeFrame(encodeShareFrame(frame)))))
  return {
    heard,
    send,
    /** Proves itself; resolves once it is welcome. */
    async enter() {
      opening = Promise.resolve()
      carrier.send(encodeFirstKey(keys))
      const proof = helloProof('s', link, session.ends)
      await send({ type: 'hello', id: link.id, receiver: new Uint8Array(16), label: 'visitor', takesOffer: false, proof })
      await welcome.promise
    },
  }
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCloserPeers, encodeFindNode } from '../../node/network/dht-message.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))

test('a FIND_NODE is as kad-dht writes it', () => {
  expect(encodeFindNode(bytes('0102'))).toEqual(bytes('0804 12020102'))
})

test('closer peers are read out of an answer, and other fields passed over', () => {
  const answer = bytes(`0804 5001 12020102
    420a 0a020a0b 12020c0d 1801 4204 0a020e0f
    4a04 0a021011`) // field 9, providers, is none of them
  expect(decodeCloserPeers(answer, 20)).toEqual([
    { id: bytes('0a0b'), multiaddrs: [bytes('0c0d')] },
    { id: bytes('0e0f'), multiaddrs: [] },
  ])
  expect(decodeCloserPeers(answer, 1)).toHaveLength(1)
})

test('what is cut or of another form is refused, and nothing else happens', () => {
  for (const cut of ['42', '420b0a02', '0a', '43', 'ffffffffffffffffffffff', '090102']) {
    expect(() => decodeCloserPeers(bytes(cut), 20), cut).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
      try {
        expect(decodeCloserPeers(any, 3).length).toBeLessThanOrEqual(3)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_BAD_FRAME' })
      }
    }),
  )
})

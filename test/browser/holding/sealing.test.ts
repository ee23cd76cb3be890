import { describe, expect, it } from 'vitest'
import { createSealing } from '../../../browser/holding/sealing.ts'
import * as library from '../../../browser/peer/peer-library.ts'
import { memorySource } from '../../../node/index.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const fileOf = (name: string) => ({ path: name, file: new File([], name) })
const hashes = ['a', 'b'].map((digit) => digit.repeat(64))

/** Seals a file and its list, as `sharing.ts` does. */
async function sealTwo(sealing: ReturnType<typeof createSealing>, words = 'words') {
  const { seal, expectedHash } = sealing.holdOptions(fileOf('a.txt'))
  const sealed = await seal(memorySource(encode(words)))
  const list = await sealing.sealBytes(encode('list'), { type: 'text/plain' })
  return { texts: [await sealed.read(0, sealed.size), list.bytes], expected: [expectedHash, list.expectedHash] }
}

describe('sealing', () => {
  it('is another cipher text each time, and the same again with what is known of the time before', async () => {
    const first = createSealing(library)
    const { texts, expected } = await sealTwo(first)
    expect(expected).toEqual([undefined, undefined])
    expect((await sealTwo(createSealing(library))).texts).not.toEqual(texts)

    const before = { secret: first.secret, parts: first.parts(hashes) }
    expect(await sealTwo(createSealing(library, before))).toEqual({ texts, expected: hashes })
    expect(before.parts.map(({ hash }) => hash)).toEqual(hashes)
    expect(JSON.stringify(before.parts)).not.toContain(first.secret)
  })

  it('seals no more contents than before: one salt serves one content only', async () => {
    const first = createSealing(library)
    await first.sealBytes(encode('one'), { type: 'text/plain' })
    const again = createSealing(library, { secret: first.secret, parts: first.parts(hashes) })
    await again.sealBytes(encode('one'), { type: 'text/plain' })
    await expect(again.sealBytes(encode('two'), { type: 'text/plain' })).rejects.toThrow('Only 1 contents')
  })
})

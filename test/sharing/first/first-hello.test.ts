/** The hello that the first script of a document makes by itself: the same bytes as the library makes, of the same links. */

import { expect, test } from 'vitest'
import { encodeFrame } from '../../../node/network/index.ts'
import { encodeFirstHello, readFirstLink } from '../../../node/sharing/first/first-hello.ts'
import { encodeShareFrame, MAX_LABEL_LENGTH } from '../../../node/sharing/format/share-frames.ts'
import { helloProof } from '../../../node/sharing/format/share-keys.ts'
import { linkPathOf, parseLink } from '../../../node/sharing/format/share-link.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const ENDS = { visitor: `first:${'0a'.repeat(32)}`, owner: `first:${'f9'.repeat(32)}` }

function newLink() {
  const link = { id: random(32), secret: random(16) }
  const [path = '', secret = ''] = linkPathOf('s', link).split('#')
  return { link, id: path.replace('/s/', ''), secret }
}

test.each(['', 'Firefox on Linux', 'a label of 23 characters', 'x'.repeat(MAX_LABEL_LENGTH), '☃'.repeat(MAX_LABEL_LENGTH)])(
  'a hello labelled %j is that of the library',
  async (label) => {
    const { link } = newLink()
    const receiver = random(16)
    const frame = encodeShareFrame({ type: 'hello', id: link.id, proof: helloProof('s', link, ENDS), receiver, label })
    expect(Buffer.from(await encodeFirstHello(link, ENDS, { receiver, label })).toString('hex')).toBe(
      Buffer.from(encodeFrame(frame)).toString('hex'),
    )
  },
)

test('links are read as the library reads them, in capital letters, too', async () => {
  for (let n = 0; n < 20; n++) {
    const { link, id, secret } = newLink()
    expect(await readFirstLink(id, secret)).toEqual(link)
    expect(await readFirstLink(id, secret.toUpperCase())).toEqual(parseLink('s', `/s/${id}#${secret.toUpperCase()}`))
  }
})

test('a link that is cut, longer, mistyped, or of another share is wrong here as in the library', async () => {
  const { id, secret } = newLink()
  const other = secret.startsWith('a') ? 'b' : 'a'
  const mistyped = [secret.slice(0, -1), `${secret}a`, other + secret.slice(1), `${secret.slice(1)}1`, newLink().secret, '', '#']
  // The last character says four bits: with a fifth, it is another one.
  const last = 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(secret.at(-1) ?? '')
  mistyped.push(secret.slice(0, -1) + 'abcdefghijklmnopqrstuvwxyz234567'[last ^ 1])
  for (const wrong of mistyped) {
    expect(() => parseLink('s', `/s/${id}#${wrong}`), wrong).toThrow()
    await expect(readFirstLink(id, wrong), wrong).rejects.toMatchObject({ code: 'ERR_SHARE_WRONG' })
  }
})

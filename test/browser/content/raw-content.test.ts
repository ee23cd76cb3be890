import { expect, it } from 'vitest'
import { readAtMost, typeOf } from '../../../browser/content/raw-content.ts'

const parts = (...sizes: number[]) => sizes.map((size, i) => new Uint8Array(size).fill(i + 1))

function answer(chunks: Uint8Array[], error?: Error): Response {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = chunks.shift()
      if (next) controller.enqueue(next)
      else if (error) controller.error(error)
      else controller.close()
    },
  })
  return new Response(stream)
}

it('reads an answer whole, up to the limit', async () => {
  expect(await readAtMost(answer(parts(2, 1)), 3)).toEqual(new Uint8Array([1, 1, 2]))
  expect(await readAtMost(new Response(null), 3)).toEqual(new Uint8Array())
})

it('returns undefined for an answer that is longer, endless or cut off', async () => {
  expect(await readAtMost(answer(parts(2, 2)), 3)).toBeUndefined()
  const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) })
  expect(await readAtMost(new Response(endless), 10_000)).toBeUndefined()
  expect(await readAtMost(answer(parts(1), new Error('cut')), 3)).toBeUndefined()
})

it('treats bytes without a media type as a file', () => {
  expect(typeOf(new Response(null))).toBe('application/octet-stream')
  expect(typeOf(new Response(null, { headers: { 'content-type': 'image/png' } }))).toBe('image/png')
})

/** The overlay of a command that may never need it: joined once, given up at once when the command is done. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createLazyOverlay } from '../../../node/cli/fetch/lazy-overlay.ts'

/** At which nobody can join, with the number of questions so far, and the first of them. */
async function createClosedGateway() {
  const first = Promise.withResolvers<void>()
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    first.resolve()
    response.writeHead(404).end()
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    join: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    first: first.promise,
    get asked() {
      return asked
    },
  }
}

/** Of a join that would go on for longer than any test. */
const timeoutMs = 600_000

test('lazy overlay: closing gives up a join under way', async () => {
  const gateway = await createClosedGateway()
  const overlay = createLazyOverlay({ join: gateway.join, timeoutMs })
  const joining = expect(overlay.join()).rejects.toMatchObject({ name: 'AbortError' })
  await gateway.first
  await overlay.close()
  await joining
  await expect(overlay.join()).rejects.toMatchObject({ name: 'AbortError' })
})

test('lazy overlay: closed while its code is being loaded, it joins nothing', async () => {
  const gateway = await createClosedGateway()
  const overlay = createLazyOverlay({ join: gateway.join, timeoutMs })
  const joining = expect(overlay.join()).rejects.toMatchObject({ name: 'AbortError' })
  await overlay.close()
  await joining
  expect(gateway.asked).toBe(0)
})

test('lazy overlay: who asks meanwhile joins with the others, and after a failure it is tried anew', async () => {
  const { join } = await createClosedGateway()
  const overlay = createLazyOverlay({ join, timeoutMs: 100 })
  onTestFinished(overlay.close)
  const failure = () => overlay.join().then(Promise.reject, (error: unknown) => error)
  const [one, other] = await Promise.all([failure(), failure()])
  expect(one).toMatchObject({ code: 'ERR_NO_NETWORK' })
  expect(other).toBe(one)
  const later = await failure()
  expect(later).toMatchObject({ code: 'ERR_NO_NETWORK' })
  expect(later).not.toBe(one)
})

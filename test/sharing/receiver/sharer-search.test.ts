import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createEmitter } from '../../../node/async/emitter.ts'
import { MayflyError } from '../../../node/errors.ts'
import { createShareWorld, file, untilState } from '../../helpers/share-world.ts'

// Without the search's own waits: what it does, it does because it hears of something.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('sharer search: one that began before this peer had joined says nothing of the sharer, and finds it as soon as it has', async () => {
  const world = createShareWorld()
  const sharer = await world.join('sharer')
  const share = await sharer.share([file('a.txt')])
  const joined = createEmitter<void>()
  const asked = Promise.withResolvers<void>()
  let hasJoined = false
  const found = world.presence.join('receiver')
  const receiver = await world.join('receiver', {
    rendezvous: {
      ...found,
      onJoined: joined.on,
      async *find(key, options) {
        asked.resolve()
        if (!hasJoined) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
        yield* found.find(key, options)
      },
      async *watch() {},
    },
  })
  const received = receiver.receive(share.path)
  await asked.promise
  await new Promise((resolve) => setImmediate(resolve)) // the search has heard that it cannot be
  expect(received.state).toBe('looking')
  hasJoined = true
  joined.emit()
  await untilState(received, 'listed')
  expect(received.entries.map(({ path }) => path)).toEqual(['a.txt'])
})

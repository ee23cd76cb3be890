import { expect, test } from 'vitest'
import type { CommandContext } from '../../../node/cli/command-context.ts'
import { createReload } from '../../../node/cli/commands/reload.ts'
import { readConfiguration } from '../../../node/cli/configuration.ts'
import { createLogger } from '../../../node/cli/print/logger.ts'
import type { Configuration } from '../../../node/cli/settings.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'
import { waitFor } from '../../helpers/wait-for.ts'

/** A node's settings, in an environment that may change here as a file does. */
async function createSettings(env: Record<string, string>) {
  const readSettings = async () => (await readConfiguration({ flags: {}, env, command: 'start' })).configuration
  let hangUp = () => {}
  const stream = createCollectingStream({ isTTY: false })
  const reload = createReload({
    configuration: await readSettings(),
    readSettings,
    onHangup: (listener: () => void) => {
      hangUp = listener
    },
  } as CommandContext)
  const applied: Configuration[] = []
  let read = 0
  const lines = () =>
    stream
      .text()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return {
    applied,
    begin: (apply = (next: Configuration) => void applied.push(next)) => reload.begin(createLogger(stream, 'info'), apply),
    hangUp: () => hangUp(),
    async nextLines(count: number) {
      await waitFor(() => lines().length >= read + count, 10_000, 'the log')
      read += count
      return lines().slice(read - count, read)
    },
  }
}

test('reload: takes what can change while the node runs, and says by flag what waits for the next start', async () => {
  const env: Record<string, string> = { MAYFLY_TOKEN: 'old', MAYFLY_PORT: '4000' }
  const settings = await createSettings(env)
  settings.begin()
  Object.assign(env, { MAYFLY_TOKEN: 'new', MAYFLY_LOG_LEVEL: 'debug', MAYFLY_PORT: '4001', MAYFLY_JOIN: 'http://a.example' })
  settings.hangUp()
  expect(await settings.nextLines(2)).toMatchObject([
    { level: 'info', changed: ['--token', '--log-level'] },
    { level: 'warn', flags: ['--join', '--port'] },
  ])
  expect(settings.applied).toMatchObject([{ token: 'new', logLevel: 'debug', port: 4000, join: [] }])
})

test('reload: a faulty configuration changes nothing, is named without its values, and a good one is taken afterwards', async () => {
  const env: Record<string, string> = { MAYFLY_CLIENT_RATE: '1MB' }
  const settings = await createSettings(env)
  settings.begin()
  Object.assign(env, { MAYFLY_TOKEN: 'not a token', MAYFLY_CLIENT_RATE: '2MB' })
  settings.hangUp()
  const [line] = await settings.nextLines(1)
  expect(line).toMatchObject({ level: 'error', reason: expect.stringContaining('MAYFLY_TOKEN') })
  expect(JSON.stringify(line)).not.toContain('not a token')
  expect(settings.applied).toEqual([])
  env.MAYFLY_TOKEN = 'good'
  settings.hangUp()
  expect(await settings.nextLines(1)).toMatchObject([{ changed: ['--token', '--client-rate'] }])
  expect(settings.applied).toMatchObject([{ clientRate: 2_000_000, token: 'good' }])
})

test('reload: settings that cannot be applied are wanted again at the next signal', async () => {
  const env: Record<string, string> = {}
  const settings = await createSettings(env)
  let attempts = 0
  settings.begin(() => {
    if (++attempts === 1) throw new Error('the disk is full')
  })
  env.MAYFLY_TOKEN = 'new'
  settings.hangUp()
  expect(await settings.nextLines(1)).toMatchObject([{ level: 'error', reason: 'the disk is full' }])
  settings.hangUp()
  expect(await settings.nextLines(1)).toMatchObject([{ level: 'info', changed: ['--token'] }])
})

test('reload: a signal that comes while the node starts is heard once it runs', async () => {
  const env: Record<string, string> = {}
  const settings = await createSettings(env)
  settings.hangUp()
  env.MAYFLY_TOKEN = 'new'
  settings.begin()
  expect(await settings.nextLines(1)).toMatchObject([{ changed: ['--token'] }])
})

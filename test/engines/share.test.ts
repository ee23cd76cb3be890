/** A share with three receivers in two engines, of which one is reloaded and one leaves: `npm run show-share` shows the same with 200 MiB. */

import { expect, test } from 'vitest'
import { playShareScene } from '../../scripts/bench/share-scene.ts'
import { missingFor } from '../../scripts/engines.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const BYTES = 8 * 1_048_576
const STEP_MS = 120_000

test('engines: a share goes from Chromium to Chromium and Firefox, over a reload, a leave and a changed list', async (context) => {
  const missing = (['chromium', 'firefox'] as const).flatMap(missingFor)
  if (missing.length > 0) context.skip(`not on this machine: apt-get install ${missing.join(' ')}`)
  const node = await startNodeProcess()
  const steps: string[] = []
  const say = (line: string) => void steps.push(line)
  const directory = await createTemporaryDirectory()
  expect(await playShareScene({ url: node.url, directory, bytes: BYTES, stepMs: STEP_MS, say }), steps.join('\n')).toEqual([])
})

/** The receiver of the README, run by Node.js as it stands there. */

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createLineLog } from '../helpers/line-log.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { changed, readmeCode } from '../helpers/readme-code.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

it('hears each post to its end, once, and is shorter than 30 lines', async () => {
  const code = readmeCode("tap('#wall')")
  expect(code.split('\n').length).toBeLessThan(30)
  const node = await startNodeProcess()
  const library = new URL('../../node/index.ts', import.meta.url).href
  const file = join(await createTemporaryDirectory(), 'receiver.mjs')
  await writeFile(file, changed(code, { "'mayfly'": JSON.stringify(library), "'http://localhost:4000'": JSON.stringify(node.url) }))
  const receiver = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void receiver.kill('SIGKILL'))
  const said = createLineLog(receiver.stdout)
  await said.waitFor((line) => line.startsWith('Here, '), { timeoutMs: 20_000 })
  for (const body of ['first', 'second', 'last']) await fetch(`${node.url}/to/wall`, { method: 'POST', body })
  await said.waitFor((line) => line.endsWith(': last'), { timeoutMs: 20_000 })
  expect(said.lines.slice(1).map((line) => line.split(': ')[1])).toEqual(['first', 'second', 'last'])
})

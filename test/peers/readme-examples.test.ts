/** The examples of the README and of node/README.md, run by Node.js as they stand there. */

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createLineLog } from '../helpers/line-log.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { changed, readmeCode } from '../helpers/readme-code.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

it('holds content and counts its holders', async () => {
  const { said } = await runExample('rendezvous.watch(key)')
  await said.waitFor((line) => line === '1 hold it', { timeoutMs: 20_000 })
})

it('hears each post to its end, once, and is shorter than 30 lines', async () => {
  expect(readmeCode("tap('#wall')").split('\n').length).toBeLessThan(30)
  const { node, said } = await runExample("tap('#wall')")
  await said.waitFor((line) => line.startsWith('Here, '), { timeoutMs: 20_000 })
  for (const body of ['first', 'second', 'last']) await fetch(`${node.url}/to/wall`, { method: 'POST', body })
  await said.waitFor((line) => line.endsWith(': last'), { timeoutMs: 20_000 })
  expect(said.lines.slice(1).map((line) => line.split(': ')[1])).toEqual(['first', 'second', 'last'])
})

/** The example with this text in it, in a process of its own, joined to a node of its own. */
async function runExample(text: string) {
  const node = await startNodeProcess()
  const library = new URL('../../node/index.ts', import.meta.url).href
  const file = join(await createTemporaryDirectory(), 'example.mjs')
  const changes = { "'mayfly'": JSON.stringify(library), "'http://localhost:4000'": JSON.stringify(node.url) }
  await writeFile(file, changed(readmeCode(text), changes))
  const example = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void example.kill('SIGKILL'))
  return { node, said: createLineLog(example.stdout) }
}

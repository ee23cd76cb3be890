/** The receiver of node/README.md, unchanged, in somebody else's page. */

import { expect, it, onTestFinished } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { changed, readmeCode } from '../helpers/readme-code.ts'
import { serveScript } from '../helpers/script-page.ts'
import { waitFor } from '../helpers/wait-for.ts'

const chromium = useChromium()

it('hears each post to its end, once', async () => {
  const node = await startNodeProcess()
  const text = changed(readmeCode("tap('#wall')"), {
    "'mayfly'": "'mayfly/browser'",
    join: 'gateway',
    "'http://localhost:4000'": JSON.stringify(node.url),
  })
  const site = await serveScript({ text })
  onTestFinished(() => site[Symbol.asyncDispose]())
  const page = await chromium.newPage()
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  await page.goto(site.url)
  await waitFor(
    () => said.some((line) => line.startsWith('Here, ')),
    20_000,
    () => `the page listens: ${said}`,
  )
  for (const body of ['first', 'second', 'last']) await fetch(`${node.url}/to/wall`, { method: 'POST', body })
  await waitFor(
    () => said.some((line) => line.endsWith(': last')),
    20_000,
    () => `the page heard the last: ${said}`,
  )
  expect(said.slice(1).map((line) => line.split(': ')[1])).toEqual(['first', 'second', 'last'])
})

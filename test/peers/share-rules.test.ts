/** The rules of `mayfly share`, each process real: who may have it, how many, until when, and who is asked at the terminal. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MayflyResult, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { canMakeTerminals, spawnInTerminal } from '../helpers/terminal-process.ts'

const nodes = useNodePair()

const shareArgs = (...args: string[]) => ['share', '--text', 'some words', ...args, '--join', nodes.near.url]

async function share(...args: string[]) {
  const mayfly = spawnMayfly(shareArgs(...args, '--json'))
  const { url } = JSON.parse(await mayfly.stdout.waitFor(() => true)) as { url: string }
  const event = async (type: string) => JSON.parse(await mayfly.stdout.waitFor((line) => JSON.parse(line).type === type))
  return { mayfly, url, event }
}

/** Somebody on a machine of their own. */
async function receive(target: string, ...args: string[]): Promise<MayflyResult> {
  const root = await createTemporaryDirectory()
  return runMayfly(['receive', target, '--data', root, '--yes', ...args, '--join', nodes.far.url])
}

const hasIt = ({ code, stdout }: MayflyResult) => code === 0 && stdout.toString() === 'some words\n'

/** Somebody at a terminal, who is asked whether to save it. */
async function look(url: string) {
  const data = await createTemporaryDirectory()
  const receiver = spawnInTerminal(['receive', url, '--data', data, '--join', nodes.far.url])
  await receiver.says('Save 1 text into this folder? [Y/n]')
  return receiver
}

test.runIf(canMakeTerminals).each([
  ['--once', ['--once'], 1],
  ['--receivers 2', ['--receivers', '2'], 2],
])('%s: of those who take it at the same instant so many have it, and the other one reads why not', async (_, flags, most) => {
  const sharer = await share('--no-code', ...flags)
  const receivers = await Promise.all(Array.from({ length: most + 1 }, () => look(sharer.url)))
  for (const { type } of receivers) type('y\r')
  const exits = await Promise.all(receivers.map(({ exited }) => exited))
  expect(exits.map(({ code }) => code).toSorted()).toEqual([...Array(most).fill(0), 1])
  const [late] = receivers.filter((_receiver, i) => exits[i]?.code === 1)
  expect(late?.text).toMatch(/As many have received this share as were allowed to|The sender has ended this share/)
  expect(late?.text).not.toContain('some words')
  expect(await sharer.mayfly.exited).toEqual({ code: 0, signal: null })
})

test('a code: three wrong guesses burn it, the sharer reads so, and the link still works', async () => {
  const sharer = await share()
  const { code } = (await sharer.event('code')) as { code: string }
  const wrong = `${code.startsWith('abandon-') ? 'zone-zoo' : 'abandon-ability'}-${code.split('-').at(-1)}`
  for (let i = 0; i < 3; i++) expect((await receive(wrong)).code).toBe(1)
  expect(await sharer.event('code-settled')).toMatchObject({ code, how: 'burnt' })
  await sharer.mayfly.stderr.waitFor((line) => line.includes(`Somebody guessed three times at the code ${code}`))
  expect(await receive(code)).toMatchObject({ code: 1, stderr: expect.stringContaining('guesse') })
  expect(hasIt(await receive(sharer.url))).toBe(true)
})

test('--until: the command ends when the time is over, and says so', async () => {
  const sharer = await share('--no-code', '--until', '10s') // the command has to begin in that time, beside others
  expect(await sharer.mayfly.exited).toEqual({ code: 1, signal: null })
  expect(JSON.parse(sharer.mayfly.stdout.lines.at(-1) ?? '')).toEqual({ type: 'ended', code: 'ERR_SHARE_EXPIRED' })
})

test.runIf(canMakeTerminals)('a share that ends while somebody is asked whether to save it is asked about no longer', async () => {
  const sharer = await share('--no-code')
  const receiver = await look(sharer.url)
  expect(await sharer.mayfly.kill('SIGINT')).toEqual({ code: 0, signal: null })
  expect(await receiver.exited).toEqual({ code: 1, signal: null })
  expect(receiver.text).toContain('The sender has ended this share')
})

test.runIf(canMakeTerminals)(
  'Ctrl-C at the receiver says that what has come stays, in lines that fit 40 columns, and nothing else',
  async () => {
    const path = join(await createTemporaryDirectory(), 'film')
    await writeFile(path, new Uint8Array(8 * 1_048_576))
    const sharer = spawnMayfly(['share', path, '--no-code', '--json', '--peer-rate', '1MB', '--join', nodes.near.url])
    const { url } = JSON.parse(await sharer.stdout.waitFor(() => true)) as { url: string }
    const root = await createTemporaryDirectory()
    const args = ['receive', url, '--data', join(root, 'data'), '-o', join(root, 'saved'), '--yes', '--join', nodes.far.url]
    const receiver = spawnInTerminal(args, { columns: 40 })
    await receiver.says('receiving')
    const drawn = receiver.text.length
    await receiver.says('%', drawn)
    receiver.interrupt()
    expect((await receiver.exited).code).not.toBe(0)
    const said = receiver.text.slice(drawn)
    // A narrow terminal has it in two lines, broken between words.
    expect(said.replaceAll(/\s+/g, ' ')).toContain('What has come stays: run the same command again to go on')
    expect(said).toContain('mayfly: interrupted')
    expect(said).not.toMatch(/closed here|has left/)
    const lines = said.split(/[\r\n]|\u001b\[K/).filter((line) => line.startsWith('receiving'))
    expect(lines.filter(({ length }) => length >= 40)).toEqual([])
  },
)

test.runIf(canMakeTerminals)('--ask: yes and no at the terminal; Ctrl-C ends the share', async () => {
  const sharer = spawnInTerminal(shareArgs('--ask', '--no-code', '--no-qr'))
  await sharer.says('/s/')
  const url = /https?:\S+/.exec(sharer.text)?.[0] ?? ''
  const refused = receive(url)
  await sharer.says('Let mayfly on Linux receive this? [y/N]')
  sharer.type('n\r')
  expect(await refused).toMatchObject({ code: 1, stderr: expect.stringContaining('The sender was asked, and has refused') })
  const before = sharer.text.length
  const admitted = receive(url)
  await sharer.says('Let mayfly on Linux receive this? [y/N]', before)
  sharer.type('y\r')
  expect(hasIt(await admitted)).toBe(true)
  sharer.interrupt()
  expect(await sharer.exited).toEqual({ code: 0, signal: null })
})

test('--ask without a terminal is refused in words, before anything is shared', async () => {
  const path = join(await createTemporaryDirectory(), 'a.txt')
  await writeFile(path, 'a')
  const refused = await runMayfly(['share', path, '--ask', '--join', nodes.near.url])
  expect([refused.code, refused.stdout.toString()]).toEqual([2, ''])
  expect(refused.stderr).toContain('--ask needs a terminal, at which somebody says yes or no to each receiver')
})

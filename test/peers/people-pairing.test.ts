/** Pairing between real processes, whose accounts are kept in files, behind nodes that are processes, too. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createLineLog } from '../helpers/line-log.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

interface Said {
  own?: string
  tokens?: { token: string; code: string }[]
  contacts?: { account: string; alias: string }[]
  paired?: { account: string; alias: string; words: string[] }
  code?: string
}

const PROGRAM = fileURLToPath(new URL('../helpers/pairing-process.ts', import.meta.url))

function run(node: NodeProcess, ...args: string[]) {
  const program = spawn(process.execPath, [PROGRAM, node.url, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => program.once('exit', () => resolve()))
  onTestFinished(() => void program.kill('SIGKILL'))
  const log = createLineLog(program.stdout)
  return {
    said: async (fits: (said: Said) => boolean): Promise<Said> =>
      JSON.parse(await log.waitFor((line) => fits(JSON.parse(line)), { timeoutMs: 120_000 })),
    async kill(): Promise<void> {
      program.kill('SIGKILL')
      await exited
    },
  }
}

const isOutcome = ({ paired, code }: Said) => paired !== undefined || code !== undefined

it('people pair through two nodes; a token survives SIGKILL of its issuer, and of its gateway', async () => {
  const directory = await createTemporaryDirectory()
  const [a, b] = [await startNodeProcess(), await startNodeProcess()]
  const fileOf = (name: string) => join(directory, `${name}.account`)
  const joined = await startNodeProcess({ join: [a.url, b.url] })

  const first = run(a, fileOf('alice'), 'issue', 'Bobby')
  const { own: alice, tokens } = await first.said(({ tokens: open }) => open !== undefined)
  const [{ token = '', code = '' } = {}] = tokens ?? []
  const guess = await run(joined, fileOf('guesser'), 'claim', 'Alice', `abandon ability ${code.slice(-4)}`).said(isOutcome)
  expect(guess.code).toBe('ERR_TOKEN_WRONG')
  await first.kill()
  await a.kill('SIGKILL')

  const again = run(joined, fileOf('alice'), 'issue', 'unused')
  const restarted = await again.said(({ tokens: open }) => open !== undefined)
  expect(restarted).toMatchObject({ own: alice, tokens: [{ token, code }] })
  const claimed = await run(b, fileOf('bob'), 'claim', 'Ally', code).said(isOutcome)
  const issued = await again.said(isOutcome)
  expect(claimed.paired).toMatchObject({ account: alice, alias: 'Ally' })
  expect(issued.paired).toEqual({ account: claimed.own, alias: 'Bobby', words: claimed.paired?.words })
  expect(issued.contacts).toMatchObject([{ account: claimed.own, alias: 'Bobby' }])

  const late = await run(b, fileOf('carol'), 'claim', 'Ally', token).said(isOutcome)
  expect(late.code).toBe('ERR_TOKEN_USED')
})

it('of five processes that claim at once one wins', async () => {
  const directory = await createTemporaryDirectory()
  const node = await startNodeProcess()
  const issuer = run(node, join(directory, 'alice.account'), 'issue', 'winner')
  const { tokens } = await issuer.said(({ tokens: open }) => open !== undefined)
  const claims = Array.from({ length: 5 }, (_, i) =>
    run(node, join(directory, `claimer-${i}.account`), 'claim', 'Alice', tokens?.[0]?.code ?? '').said(isOutcome),
  )
  const outcomes = await Promise.all(claims)
  expect(outcomes.filter(({ paired }) => paired !== undefined)).toHaveLength(1)
  expect(outcomes.filter(({ code }) => code === 'ERR_TOKEN_USED')).toHaveLength(4)
})

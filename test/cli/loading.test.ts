/** The modules that a start of the command loads: the overlay takes four fifths of its time, and most sub-commands only ask a gateway. */

import { expect, test } from 'vitest'
import { MAYFLY_SOURCE, runMayfly } from '../helpers/mayfly-process.ts'

/** Prints, at its end, how many modules of libp2p a process has loaded. */
const COUNTER = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  let count = 0
  registerHooks({ load: (url, context, next) => (count += url.includes('/libp2p/'), next(url, context)) })
  process.on('exit', () => console.error('modules of libp2p: ' + count))
`)}`
/** Prints, at its end, how many files a process has loaded, and parts of Node.js that it imported: the command gets them without. */
const FILE_COUNTER = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  let count = 0
  registerHooks({ load: (url, context, next) => (count++, next(url, context)) })
  process.on('exit', () => console.error('files: ' + count))
`)}`
/** Prints, at its end, the parts of Node.js that a process has loaded. */
const PARTS = `data:text/javascript,${encodeURIComponent(`
  process.on('exit', () => console.error('parts: ' + process.moduleLoadList.join(', ')))
`)}`
const HASH = 'a'.repeat(64)
/** Nobody is there: port 9 is one that fetch refuses to use. */
const JOIN = ['--join', 'http://127.0.0.1:9', '--timeout', '1s']

test.each([[['--version']], [['--help']], [['get', HASH, ...JOIN]], [['holders', HASH, ...JOIN]], [['status']], [['ls']]])(
  'loading: %j does without the overlay',
  async (args) => {
    const { stderr } = await runMayfly(args, { main: MAYFLY_SOURCE, env: { NODE_OPTIONS: `--import ${COUNTER}` } })
    expect(stderr).toMatch(/^modules of libp2p: 0$/m)
  },
)

test('loading: what is held is held in the overlay, so that the count above means something', async () => {
  const { stderr } = await runMayfly(['hold', '-', ...JOIN], {
    main: MAYFLY_SOURCE,
    stdin: 'a page',
    env: { NODE_OPTIONS: `--import ${COUNTER}` },
  })
  expect(stderr).toMatch(/^modules of libp2p: [1-9]\d*$/m)
})

test.each([
  [['--version'], 8],
  [['get', HASH, ...JOIN], 16],
])('loading: built, %j loads no more than %i files', async (args, most) => {
  const { stderr } = await runMayfly(args, { env: { NODE_OPTIONS: `--import ${FILE_COUNTER}` } })
  const files = Number(/^files: (\d+)$/m.exec(stderr)?.[1])
  expect(files).toBeGreaterThan(2)
  expect(files).toBeLessThanOrEqual(most)
})

test.each([[['--version']], [['get', HASH, ...JOIN]], [['holders', HASH, ...JOIN]]])(
  'loading: built, %j loads no part of Node.js that only others need, and sets no flags of V8, which would have all parts compiled anew',
  async (args) => {
    const { stderr } = await runMayfly(args, { env: { NODE_OPTIONS: `--import ${PARTS}` } })
    const parts = /^parts: (.*)$/m.exec(stderr)?.[1]?.split(', ')
    expect(parts).toContain('NativeModule fs')
    for (const name of ['v8', 'child_process', 'sqlite', 'worker_threads']) expect(parts).not.toContain(`NativeModule ${name}`)
  },
)

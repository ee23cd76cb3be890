import { expect, test } from 'vitest'
import { createOutput } from '../../../node/cli/print/output.ts'
import { MayflyError } from '../../../node/index.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

function createOutputs({ json = false, isTTY = false } = {}) {
  const stdout = createCollectingStream({ isTTY })
  const stderr = createCollectingStream({ isTTY })
  return { stdout, stderr, output: createOutput({ stdout, stderr, json }) }
}

test('output: a result is words for people and one line of JSON for programs', () => {
  const people = createOutputs()
  people.output.result('2 holders', { holders: 2 })
  people.output.event({ type: 'joined' })
  expect(people.stdout.text()).toBe('2 holders\n')

  const programs = createOutputs({ json: true })
  programs.output.result('2 holders', { holders: 2 })
  programs.output.event({ type: 'joined' })
  expect(programs.stdout.text()).toBe('{"holders":2}\n{"type":"joined"}\n')
})

test('output: a remark is for a person at a terminal only', () => {
  for (const [json, isTTY, text] of [
    [false, true, 'hello\n'],
    [false, false, ''],
    [true, true, ''],
  ] as const) {
    const { output, stdout, stderr } = createOutputs({ json, isTTY })
    output.remark('hello')
    expect([stdout.text(), stderr.text()]).toEqual(['', text])
  }
})

test('output: what a person reads is broken between words at the width of the terminal; a link stays whole', () => {
  const { output, stderr } = createOutputs({ isTTY: true })
  const link = `http://localhost/${'a'.repeat(80)}`
  const words = `${'word '.repeat(15)}wo`
  output.remark(`${words} at the end ${link} after it\n  short`)
  output.problem(new MayflyError('ERR_LIMIT', `${'x'.repeat(70)} yes no`))
  expect(stderr.text()).toBe(`${words} at\nthe end\n${link}\nafter it\n  short\nmayfly: ${'x'.repeat(70)}\nyes no\n`)
  const piped = createOutputs()
  piped.output.problem(new MayflyError('ERR_LIMIT', 'long '.repeat(30)))
  expect(piped.stderr.text().split('\n')).toHaveLength(2)
})

test('output: a problem goes to standard error, with its code for programs', () => {
  const error = new MayflyError('ERR_NO_HOLDER', 'Nobody holds it')
  const people = createOutputs()
  people.output.problem(error)
  expect([people.stdout.text(), people.stderr.text()]).toEqual(['', 'mayfly: Nobody holds it\n'])

  const programs = createOutputs({ json: true })
  programs.output.problem(error)
  expect(JSON.parse(programs.stderr.text())).toEqual({ error: { code: 'ERR_NO_HOLDER', message: 'Nobody holds it' } })
})

test('output: text from the network cannot control the terminal', () => {
  const { output, stdout, stderr } = createOutputs({ isTTY: true })
  output.result('a\u001b[2Jb\u0007\rc\nd\u009b', {})
  output.problem(new MayflyError('ERR_LIMIT', '\u001b]0;owned\u0007'))
  expect(stdout.text()).toBe('a?[2Jb??c\nd?\n')
  expect(stderr.text()).toBe('mayfly: ?]0;owned?\n')
})

test('output: content is written as it is', async () => {
  const { output, stdout } = createOutputs()
  await output.bytes(new Uint8Array([0, 27, 10, 13]))
  expect(stdout.text()).toBe('\u0000\u001b\n\r')
})

test('output: aborts its signal when the reader has gone, and drops later lines', async () => {
  const { output, stdout } = createOutputs()
  stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await new Promise((resolve) => stdout.once('close', resolve))
  expect(output.closed.aborted).toBe(true)
  output.result('more', {})
  await expect(output.bytes(new Uint8Array(1))).rejects.toThrow()
})

test('output: live lines are drawn over themselves, and text goes above them', () => {
  const { output, stderr } = createOutputs({ isTTY: true })
  const lines = output.liveLines()
  lines.draw(['one', 'two'])
  lines.draw(['one\u001b[2J'])
  output.remark('text')
  lines.end()
  expect(stderr.text()).toBe('\r\u001b[Kone\ntwo\r\u001b[K\u001b[1A\r\u001b[Kone?[2J\r\u001b[Ktext\n')
  const piped = createOutputs()
  piped.output.liveLines().draw(['one'])
  expect([piped.output.liveLines().isDrawn, piped.stderr.text()]).toEqual([false, ''])
})

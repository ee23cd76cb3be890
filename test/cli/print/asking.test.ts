import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createAsking } from '../../../node/cli/print/asking.ts'
import { createOutput } from '../../../node/cli/print/output.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

function createTerminal({ isTTY = true, json = false } = {}) {
  const modes: boolean[] = []
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: (isRaw: boolean) => void modes.push(isRaw) })
  const [stdout, stderr] = [createCollectingStream({ isTTY }), createCollectingStream({ isTTY })]
  const output = createOutput({ stdout, stderr, json })
  const stopping = new AbortController()
  return { stdin, stderr, output, modes, stopping, asking: createAsking({ stdin, output, signal: stopping.signal }) }
}

test.each([
  ['y\n', true, true],
  ['YES\n', true, true],
  ['n\n', false, false],
  ['no\n', false, false],
  ['\n', false, true],
  ['what\n', false, true],
])('asking: %j', async (typed, isYes, isYesByDefault) => {
  const { stdin, asking, stderr } = createTerminal()
  const answers = [asking.confirm('Let it in?', false)]
  stdin.write(typed)
  expect(await answers[0]).toBe(isYes)
  const second = asking.confirm('Save it?', true)
  stdin.write(typed)
  expect(await second).toBe(isYesByDefault)
  expect(stderr.text()).toContain('Let it in? [y/N] ')
})

test('asking: a question stays at the bottom while lines are printed, and no bar is drawn over it', async () => {
  const { stdin, asking, stderr, output } = createTerminal()
  const answer = asking.confirm('Let it in?', false)
  await new Promise(setImmediate)
  output.remark('something else')
  output.liveLines().draw(['a bar'])
  stdin.write('y\n')
  expect(await answer).toBe(true)
  expect(stderr.text()).toMatch(/something else\nLet it in\? \[y\/N\] $/)
})

test('asking: the end of the input is a no, and an abort ends the question', async () => {
  const { stdin, asking } = createTerminal()
  const answer = asking.confirm('Save it?', true)
  stdin.end()
  expect(await answer).toBe(false)

  const other = createTerminal()
  const aborted = other.asking.confirm('Save it?', true)
  other.stopping.abort(new Error('over'))
  await expect(aborted).rejects.toThrow('over')
})

test('asking: a password is not shown; Ctrl-C ends it, and none is an error', async () => {
  const { stdin, asking, stderr, modes } = createTerminal()
  const secret = asking.secret('Password:')
  stdin.write('xyzzy\r')
  expect(await secret).toBe('xyzzy')
  expect(stderr.text()).not.toContain('xyzzy')
  expect(modes).toEqual([true, false])

  const cut = asking.secret('Password:')
  stdin.write('xy\u0003')
  await expect(cut).rejects.toMatchObject({ name: 'AbortError' })

  const none = asking.secret('Password:')
  stdin.write('\r')
  await expect(none).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

test.each([
  [{ isTTY: false }, false],
  [{ json: true }, false],
  [{}, true],
])('asking: somebody can be asked at %j: %s', (terminal, can) => {
  expect(createTerminal(terminal).asking.canAsk).toBe(can)
})

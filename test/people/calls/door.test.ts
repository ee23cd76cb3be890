import { describe, expect, test } from 'vitest'
import { type CallFrame, decodeCallFrame, encodeCallFrame } from '../../../node/people/format/call-frames.ts'
import { encodeValue } from '../../../node/people/format/value.ts'
import type { Answer, Person, Schema } from '../../../node/people/types.ts'
import type { Session } from '../../../node/people/way/types.ts'
import { createCallPair, createCallPeers } from '../../helpers/call-peers.ts'
import type { SessionNetwork } from '../../helpers/session-network.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const codes = (answers: Answer[]) => answers.map((answer) => ('value' in answer ? answer.value : answer.error.code))
const never = new Promise<never>(() => {})

function sessionOf(network: SessionNetwork) {
  const [open] = network.pairs
  if (open === undefined) throw new TypeError('no session is open')
  return open.pair
}

/** The frames that this end sends from now on. */
function framesOf(session: Session): CallFrame[] {
  const frames: CallFrame[] = []
  const { send } = session
  session.send = (frame) => {
    frames.push(decodeCallFrame(frame))
    return send(frame)
  }
  return frames
}

describe('strangers', () => {
  const strangers = { relationOf: (): Person['relation'] => 'stranger' }

  test('10,000 calls of strangers run no handler, and their data is not read', async () => {
    const { network, alice: stranger, bob } = createCallPair(strangers)
    let runs = 0
    bob.scope.module('open', () => 'for anybody', { policy: 'anyone' })
    bob.scope.module('contacts', () => runs++)
    bob.scope.module('own', () => runs++, { policy: 'own' })
    bob.scope.module('chosen', () => runs++, { policy: ({ account }) => account === 'somebody else' })
    bob.scope.module('failing', () => runs++, {
      policy: () => {
        throw new Error('the policy fails')
      },
    })
    const target = stranger.scope.get('bob')
    const modules = ['contacts', 'own', 'chosen', 'failing', 'unknown']
    const answers = await Promise.all(Array.from({ length: 10_000 }, (_, i) => target.message(modules[i % 5] as string, i).settled()))
    expect([runs, new Set(answers.flatMap(codes))]).toEqual([0, new Set(['ERR_REFUSED'])])
    expect(codes(await target.message('open', 1).settled())).toEqual(['for anybody'])
    // Bytes that are no value: the refusal comes first.
    const { opener, accepter } = sessionOf(network)
    const answered = framesOf(accepter)
    opener.send(encodeCallFrame({ type: 'call', id: 20_000, module: 'contacts', data: new Uint8Array([255]) }))
    await waitFor(
      () => answered.length === 1,
      10_000,
      () => 'the refusal',
    )
    expect(answered).toMatchObject([{ type: 'error', id: 20_000, code: 'ERR_REFUSED' }])
  })

  test('where no module is for strangers, their session is refused, and no frame is read', async () => {
    const { network, alice: stranger, bob } = createCallPair(strangers)
    bob.scope.module('contacts', () => 1)
    expect(codes(await stranger.scope.get('bob').message('contacts', 1).settled())).toEqual(['ERR_REFUSED'])
    expect(network.pairs).toEqual([])
  })
})

test('a replayed call runs no handler: the session on which it comes again ends with ERR_BAD_FRAME, and the next call has another', async () => {
  const { network, alice, bob } = createCallPair()
  const heard: unknown[] = []
  bob.scope.module('pay', (amount) => heard.push(amount))
  const pay = (amount: number) => alice.scope.get('bob').message('pay', amount).settled()
  expect(codes(await pay(10))).toEqual([1])
  const { opener, accepter } = sessionOf(network)
  const ended = new Promise<Error | undefined>((resolve) => accepter.onEnd(resolve))
  opener.send(encodeCallFrame({ type: 'call', id: 1, module: 'pay', data: encodeValue(10) }))
  expect(await ended).toMatchObject({ code: 'ERR_BAD_FRAME', message: expect.stringContaining('twice') })
  await waitFor(() => !opener.open, 10_000, 'the caller hears of it')
  expect(codes(await pay(20))).toEqual([2])
  expect(heard).toEqual([10, 20])
})

test("policies: contacts, own instances, anyone, and a choice of one's own", async () => {
  const relations: Record<string, Person['relation']> = { friend: 'contact', phone: 'own', stranger: 'stranger' }
  const { peers } = createCallPeers(['me', 'friend', 'phone', 'stranger'], { relationOf: (caller) => relations[caller] ?? 'contact' })
  const [me, ...callers] = peers
  me?.scope.module('contacts', () => true)
  me?.scope.module('own', () => true, { policy: 'own' })
  me?.scope.module('anyone', () => true, { policy: 'anyone' })
  me?.scope.module('chosen', () => true, { policy: ({ instance }) => instance === 'stranger' })
  const table = await Promise.all(
    ['contacts', 'own', 'anyone', 'chosen'].map(async (module) => {
      const answers = await Promise.all(callers.map(({ scope }) => scope.get('me').message(module, 1).settled()))
      return [module, ...answers.flatMap(codes)]
    }),
  )
  expect(table).toEqual([
    ['contacts', true, true, 'ERR_REFUSED'],
    ['own', 'ERR_REFUSED', true, 'ERR_REFUSED'],
    ['anyone', true, true, true],
    ['chosen', 'ERR_REFUSED', 'ERR_REFUSED', true],
  ])
})

describe('limits of each caller', () => {
  test('calls under way: one more is busy, others are not, and it is free again when the handler has ended', async () => {
    const { peers } = createCallPeers(['alice', 'bob', 'carol'])
    const [alice, bob, carol] = peers
    let letGo = () => {}
    let running = 0
    const handler = () => {
      running++
      return new Promise<string>((resolve) => {
        letGo = () => resolve('done')
      })
    }
    bob?.scope.module('waits', handler, { maxCallsPerCaller: 1 })
    const first = alice?.scope.get('bob').message('waits', 1).settled()
    await waitFor(
      () => running === 1,
      10_000,
      () => 'the first call',
    )
    expect(codes((await alice?.scope.get('bob').message('waits', 1).settled()) ?? [])).toEqual(['ERR_BUSY'])
    const letFirstGo = letGo
    const others = carol?.scope.get('bob').message('waits', 1).settled()
    await waitFor(
      () => running === 2,
      10_000,
      () => 'the call of another',
    )
    letFirstGo()
    letGo()
    expect(codes((await first) ?? [])).toEqual(['done'])
    expect(codes((await others) ?? [])).toEqual(['done'])
    const again = alice?.scope.get('bob').message('waits', 1).settled()
    await waitFor(
      () => running === 3,
      10_000,
      () => 'the next call',
    )
    letGo()
    expect(codes((await again) ?? [])).toEqual(['done'])
  })

  test('a handler that its caller has given up still counts, for the time that it runs', async () => {
    const { alice, bob } = createCallPair()
    let running = 0
    const handler = () => {
      running++
      return never
    }
    bob.scope.module('waits', handler, { maxCallsPerCaller: 1 })
    const controller = new AbortController()
    const first = alice.scope.get('bob').message('waits', 1, { signal: controller.signal }).settled()
    await waitFor(
      () => running === 1,
      10_000,
      () => 'the first call',
    )
    controller.abort()
    await expect(first).rejects.toThrow()
    expect(codes(await alice.scope.get('bob').message('waits', 1).settled())).toEqual(['ERR_BUSY'])
  })

  test('bytes under way', async () => {
    const { alice, bob } = createCallPair({ limits: { maxBytesPerCaller: 1_000 } })
    let running = 0
    bob.scope.module('waits', () => {
      running++
      return never
    })
    const first = alice.scope.get('bob').message('waits', new Uint8Array(900)).settled()
    await waitFor(
      () => running === 1,
      10_000,
      () => 'the first call',
    )
    expect(codes(await alice.scope.get('bob').message('waits', new Uint8Array(900)).settled())).toEqual(['ERR_BUSY'])
    bob.leave()
    expect(codes(await first)).toEqual(['ERR_LEFT'])
  })
})

describe('a schema at the door', () => {
  const schema = (validate: Schema<{ text: string }>['~standard']['validate']): Schema<{ text: string }> => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })
  const hasText = (value: unknown): value is { text: string } => typeof (value as { text: unknown } | null)?.text === 'string'
  const issues = [{ message: 'is no text', path: ['text', { key: 0 }, Symbol('part')], input: () => {} }, { message: 'is too little' }]

  test('the handler sees what the schema made; faults travel as messages and paths, and nothing else', async () => {
    for (const isLate of [false, true]) {
      const { alice, bob } = createCallPair()
      const input = schema((value) => {
        const result = hasText(value) ? { value: { text: value.text.trim() } } : { issues }
        return isLate ? Promise.resolve(result) : result
      })
      bob.scope.module('say', (data) => [data], { input })
      expect(codes(await alice.scope.get('bob').message('say', { text: ' hi ' }).settled())).toEqual([[{ text: 'hi' }]])
      const [answer] = await alice.scope.get('bob').message('say', { text: 5 }).settled()
      expect(answer).toMatchObject({
        error: {
          code: 'ERR_BAD_INPUT',
          message: 'text.0.Symbol(part): is no text; is too little',
          issues: [
            { message: 'is no text', path: ['text', 0, 'Symbol(part)'] },
            { message: 'is too little', path: [] },
          ],
        },
      })
    }
  })

  test('one that never answers is ended by the time of the call, and its handler never runs', async () => {
    const { alice, bob } = createCallPair()
    let runs = 0
    const late = Promise.withResolvers<{ value: { text: string } }>()
    bob.scope.module('say', () => runs++, { input: schema(() => late.promise), timeoutMs: 20 })
    expect(codes(await alice.scope.get('bob').message('say', 1).settled())).toEqual(['ERR_TIMEOUT'])
    late.resolve({ value: { text: 'late' } })
    await late.promise
    bob.scope.module('echo', (input) => input)
    expect([codes(await alice.scope.get('bob').message('echo', 1).settled()), runs]).toEqual([[1], 0])
  })

  test("one that throws is the developer's fault", async () => {
    const { alice, bob } = createCallPair()
    bob.scope.module('say', () => 1, {
      input: schema(() => {
        throw new Error('a bad schema')
      }),
    })
    expect(codes(await alice.scope.get('bob').message('say', 1).settled())).toEqual(['ERR_HANDLER'])
    expect(bob.errors).toHaveLength(1)
  })
})

describe('consent to a call', () => {
  test('it is asked for once the policy and the schema have let the call in; without it the caller is refused, and no handler runs', async () => {
    const { alice, bob } = createCallPair()
    let runs = 0
    const asked: unknown[] = []
    const consent = (input: unknown, { caller }: { caller: Person }) => {
      asked.push([input, caller.alias])
      return input === 'please' ? Promise.resolve(true) : input === 'now'
    }
    bob.scope.module('ask', (input) => [input, ++runs], { consent })
    bob.scope.module('own', () => ++runs, { policy: 'own', consent })
    const ask = async (input: unknown) => codes(await alice.scope.get('bob').message('ask', input).settled())
    expect([await ask('now'), await ask('please'), await ask('no')]).toEqual([[['now', 1]], [['please', 2]], ['ERR_REFUSED']])
    expect(codes(await alice.scope.get('bob').message('own', 'now').settled())).toEqual(['ERR_REFUSED'])
    expect(asked).toEqual([
      ['now', 'alice'],
      ['please', 'alice'],
      ['no', 'alice'],
    ])
    expect(runs).toBe(2)
  })

  test('an answer that comes too late runs nothing: the question ends with the call', async () => {
    const { alice, bob } = createCallPair()
    let runs = 0
    const answer = Promise.withResolvers<boolean>()
    const ended = Promise.withResolvers<void>()
    bob.scope.module('ask', () => ++runs, {
      timeoutMs: 20,
      maxCallsPerCaller: 1,
      consent(_input, { signal }) {
        signal.addEventListener('abort', () => ended.resolve())
        return answer.promise
      },
    })
    expect(codes(await alice.scope.get('bob').message('ask', 1).settled())).toEqual(['ERR_TIMEOUT'])
    await ended.promise
    answer.resolve(true)
    await answer.promise
    expect(runs).toBe(0)
  })

  test('one that throws is a fault of this side: its developer hears of it, and the call fails', async () => {
    const { alice, bob } = createCallPair()
    let runs = 0
    const error = new Error('nobody to ask')
    bob.scope.module('throws', () => ++runs, {
      consent: () => {
        throw error
      },
    })
    bob.scope.module('rejects', () => ++runs, { consent: () => Promise.reject(error) })
    for (const module of ['throws', 'rejects'])
      expect(codes(await alice.scope.get('bob').message(module, 1).settled())).toEqual(['ERR_HANDLER'])
    expect([bob.errors, runs]).toEqual([
      [
        ['throws', error],
        ['rejects', error],
      ],
      0,
    ])
  })
})

describe('what a foreign peer sends', () => {
  async function connected() {
    const { network, alice, bob } = createCallPair()
    let runs = 0
    bob.scope.module('count', () => ++runs)
    await alice.scope.get('bob').message('count', 1).settled()
    const { opener, accepter } = sessionOf(network)
    return { opener, accepter, answered: framesOf(accepter), runs: () => runs }
  }

  test('a replayed call ends the session, and runs once', async () => {
    const { opener, accepter, runs } = await connected()
    const frame = encodeCallFrame({ type: 'call', id: 7, module: 'count', data: encodeValue(1) })
    opener.send(frame)
    opener.send(frame)
    await waitFor(
      () => !accepter.open,
      10_000,
      () => 'the end',
    )
    expect(runs()).toBe(2)
  })

  test('data that is no value is refused, and names mean nothing of their own; frames about calls that are not there do no harm', async () => {
    const { opener, accepter, answered, runs } = await connected()
    opener.send(encodeCallFrame({ type: 'call', id: 7, module: 'count', data: new Uint8Array([0xff]) }))
    opener.send(encodeCallFrame({ type: 'credit', id: 99, bytes: 5 }))
    opener.send(encodeCallFrame({ type: 'abort', id: 99 }))
    opener.send(encodeCallFrame({ type: 'answer', id: 99, data: encodeValue(1) }))
    opener.send(encodeCallFrame({ type: 'end', id: 99 }))
    for (const [i, module] of ['__proto__', 'constructor', 'toString'].entries()) {
      opener.send(encodeCallFrame({ type: 'call', id: 8 + i, module, data: encodeValue(1) }))
    }
    opener.send(encodeCallFrame({ type: 'call', id: 20, module: 'count', data: encodeValue(1) }))
    await waitFor(
      () => answered.length === 5,
      10_000,
      () => 'all answers',
    )
    expect(answered.map((frame) => (frame.type === 'error' ? frame.code : frame.type))).toEqual([
      'ERR_BAD_INPUT',
      'ERR_NO_MODULE',
      'ERR_NO_MODULE',
      'ERR_NO_MODULE',
      'answer',
    ])
    expect([accepter.open, runs()]).toEqual([true, 2])
  })

  test('a frame of no known type, or an answer that is no value, ends the session, and the calls that wait', async () => {
    for (const frame of [
      [77, 1],
      [17, 1, new Uint8Array([0xff])],
    ] as [number, ...unknown[]][]) {
      const { network, alice, bob } = createCallPair()
      let runs = 0
      bob.scope.module('waits', () => {
        runs++
        return never
      })
      const waiting = alice.scope.get('bob').message('waits', 1).settled()
      await waitFor(
        () => runs === 1,
        10_000,
        () => 'the call',
      )
      sessionOf(network).accepter.send(frame)
      expect(codes(await waiting)).toEqual(['ERR_LEFT'])
    }
  })
})

test("a module's name is taken once, and is free again when it has ended", async () => {
  const { alice, bob } = createCallPair()
  const end = bob.scope.module('echo', () => 'first')
  expect(() => bob.scope.module('echo', () => 'second')).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  end()
  bob.scope.module('echo', () => 'second')
  end()
  expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual(['second'])
})

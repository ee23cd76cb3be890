import { describe, expect, it } from 'vitest'
import { Pace } from '../../../browser/transfer/pace.ts'
import { MemoryFiles } from '../../../browser/transfer/received-files.ts'
import { TransferProgress } from '../../../browser/transfer/transfer-progress.ts'
import { MayflyError } from '../../../node/index.ts'

const refuse = (size: number, maxBytes: number) => new MayflyError('ERR_TOO_LARGE', `${size} of ${maxBytes}`)

describe('received files in memory', () => {
  it('come in any order, and stay for the next opening', async () => {
    const files = new MemoryFiles(refuse)
    const shape = { size: 5, pieceBytes: 2 }
    const first = await files.open('a', shape)
    await first.write(2, new Uint8Array([5]))
    await first.write(0, new Uint8Array([1, 2]))
    await first.close()
    const second = await files.open('a', shape)
    expect([second.record.doneBytes, second.have]).toEqual([3, Uint8Array.of(0b1010_0000)])
    expect(await second.read(2)).toEqual(Uint8Array.of(5))
    await second.write(1, new Uint8Array([3, 4]))
    expect(second.record.isComplete).toBe(true)
    expect(new Uint8Array((await (await files.get('a'))?.arrayBuffer()) ?? [])).toEqual(new Uint8Array([1, 2, 3, 4, 5]))
    await files.remove('a')
    expect(await files.get('a')).toBeUndefined()
  })

  it('are refused over their limit, before a byte is received, and removing one makes room', async () => {
    const files = new MemoryFiles(refuse, 10)
    await files.open('a', { size: 6, pieceBytes: 4 })
    await expect(files.open('b', { size: 5, pieceBytes: 4 })).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' })
    expect((await files.open('a', { size: 6, pieceBytes: 4 })).record.doneBytes).toBe(0)
    await files.remove('a')
    await files.open('b', { size: 5, pieceBytes: 4 })
  })
})

describe('the progress of several files', () => {
  it('is the sum of all, and runs as long as one of them does', () => {
    const progress = new TransferProgress([
      { hash: 'a', size: 10 },
      { hash: 'b', size: 20 },
      { hash: 'c', size: 5 },
    ])
    progress.setHeld('c')
    progress.set('a', { phase: 'waiting', done: 4 })
    expect(progress.facts()).toMatchObject({ phase: 'waiting', done: 9 })
    progress.set('b', { phase: 'running', done: 2 })
    expect(progress.facts()).toMatchObject({ phase: 'running', done: 11 })
    progress.set('a', { phase: 'checking', done: 0 })
    expect(progress.facts()).toMatchObject({ phase: 'running', done: 17 })
    progress.set('b', { phase: 'checking', done: 7 })
    expect(progress.facts()).toMatchObject({ phase: 'checking', done: 12 })
    progress.setHeld('a')
    progress.setHeld('b')
    expect(progress.facts()).toMatchObject({ done: 35 })
  })
})

describe('pace', () => {
  it('is measured over the last seconds; before the first bytes it is zero', () => {
    let nowMs = 0
    const pace = new Pace(() => nowMs)
    expect(pace.bytesPerSecond()).toBe(0)
    for (let second = 1; second <= 20; second++) {
      nowMs = second * 1_000
      pace.add(second <= 10 ? 1_000 : 3_000)
    }
    expect(pace.bytesPerSecond()).toBe(3_000)
  })
})

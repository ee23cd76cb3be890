import { describe, expect, test } from 'vitest'
import { createWaitingPosts } from '../../../gateway/messages/waiting-posts.ts'
import type { OutboxEntry } from '../../../node/index.ts'
import { clientAt } from '../../helpers/gateway.ts'

const FULL = expect.objectContaining({ problem: expect.objectContaining({ status: 429, number: 42_907 }) })
const id = (byte: number) => new Uint8Array(32).fill(byte)

function start() {
  let nowMs = 0
  const listeners = new Set<(entry: OutboxEntry) => void>()
  const closing = new AbortController()
  const posts = createWaitingPosts({
    maxWaiting: 3,
    maxWaitingPerAddress: 2,
    onOutbox(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    closing: closing.signal,
    now: () => nowMs,
  })
  const change = (byte: number, isDone: boolean) => {
    for (const listener of listeners) listener({ id: id(byte), isDone } as OutboxEntry)
  }
  /** Posts what stays in the outbox. */
  const keep = (address: string, byte: number, bytes = 5) => {
    const post = posts(clientAt(address), bytes)
    post.kept(id(byte), 100_000)
    post.settled()
  }
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { posts, keep, change, closing, listeners, pass }
}

describe('waiting posts', () => {
  test('waiting posts are limited per address and in all, and each frees its place when it is done', () => {
    const { keep, change } = start()
    keep('192.0.2.1', 1)
    keep('192.0.2.1', 2)
    expect(() => keep('192.0.2.1', 3)).toThrow(FULL)
    keep('192.0.2.2', 3)
    expect(() => keep('192.0.2.3', 4)).toThrow(FULL)
    change(1, false)
    expect(() => keep('192.0.2.3', 4)).toThrow(FULL)
    change(1, true)
    keep('192.0.2.3', 4)
  })

  test('a large post takes several places, or none', () => {
    const { keep, change } = start()
    expect(() => keep('192.0.2.1', 1, 65_536)).toThrow(FULL)
    keep('192.0.2.1', 1, 6_144)
    expect(() => keep('192.0.2.1', 2)).toThrow(FULL)
    change(1, true)
    keep('192.0.2.1', 2)
    keep('192.0.2.1', 3)
  })

  test('a post that never entered the outbox takes no place', () => {
    const { posts, keep } = start()
    for (let i = 0; i < 5; i++) posts(clientAt('192.0.2.1'), 5).settled()
    keep('192.0.2.1', 1)
    keep('192.0.2.1', 2)
    expect(() => keep('192.0.2.1', 3)).toThrow(FULL)
  })

  test('a post that another process finished frees its place when its time is over', () => {
    const { keep, pass } = start()
    keep('192.0.2.1', 1)
    keep('192.0.2.1', 2)
    pass(99_999)
    expect(() => keep('192.0.2.1', 3)).toThrow(FULL)
    pass(60_000)
    keep('192.0.2.1', 3)
  })

  test('listens no more once the gateway has closed', () => {
    const { keep, closing, listeners } = start()
    keep('192.0.2.1', 1)
    expect(listeners.size).toBe(1)
    closing.abort()
    expect(listeners.size).toBe(0)
  })
})

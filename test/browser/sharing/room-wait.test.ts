import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRoomWait } from '../../../browser/sharing/room-wait.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function roomWith() {
  const disk = { hasRoom: false, looks: 0, tries: 0 }
  const wait = createRoomWait(
    async () => {
      disk.looks++
      return disk.hasRoom
    },
    () => disk.tries++,
  )
  return { disk, wait }
}

test('room wait: looks for room by itself, more and more rarely, and goes on once there is some', async () => {
  const { disk, wait } = roomWith()
  wait.wait()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(disk.looks).toBeGreaterThan(50)
  expect(disk.looks).toBeLessThan(70)
  expect(disk.tries).toBe(0)
  disk.hasRoom = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect(disk.tries).toBe(1)
  wait.end()
})

test('room wait: goes on at once when something was removed, and not where nothing waits', async () => {
  const { disk, wait } = roomWith()
  wait.removed()
  expect(disk.tries).toBe(0)
  wait.wait()
  wait.removed()
  expect(disk.tries).toBe(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([disk.looks, disk.tries]).toEqual([0, 1])
})

import { expect, test } from 'vitest'
import { type GuardedWindow, ShareGuard } from '../../../browser/sharing/share-guard.ts'
import { fakeWindow } from '../../helpers/awake-window.ts'

test('share guard: warns and keeps the screen on while somebody receives, and not before or after', async () => {
  const { window, locks, settled } = fakeWindow()
  const warns = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
  const guard = new ShareGuard(window as GuardedWindow)
  expect(warns()).toBe(false)
  guard.set(true)
  guard.set(true)
  expect(warns()).toBe(true)
  await settled()
  expect(locks).toMatchObject([{ released: false }])
  guard.set(false)
  await settled()
  expect(warns()).toBe(false)
  expect(locks).toMatchObject([{ released: true }])
})

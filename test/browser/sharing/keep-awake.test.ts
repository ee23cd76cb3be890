import { expect, test } from 'vitest'
import { keepAwake } from '../../../browser/sharing/keep-awake.ts'
import { fakeWindow } from '../../helpers/awake-window.ts'

test('keep awake: what begins and ends before the browser has answered leaves no lock behind', async () => {
  const { window, locks, settled } = fakeWindow()
  const awake = keepAwake(window)
  awake.keep(true)
  awake.keep(false)
  await settled()
  expect(locks).toMatchObject([{ released: true }])
})

test('keep awake: a tab that is shown again asks for its wake lock again, while something is under way', async () => {
  const { window, show, locks, settled } = fakeWindow()
  const awake = keepAwake(window)
  awake.keep(true)
  await settled()
  show('hidden')
  show('visible')
  await settled()
  expect(locks).toMatchObject([{ released: true }, { released: false }])
  awake.keep(false)
  await settled()
  show('visible')
  await settled()
  expect(locks).toMatchObject([{ released: true }, { released: true }])
  awake.keep(true)
  await settled()
  awake.end()
  show('visible')
  await settled()
  expect(locks.map(({ released }) => released)).toEqual([true, true, true])
})

test('keep awake: a browser that gives no lock is asked again when the tab is shown', async () => {
  const { window, show, locks, settled } = fakeWindow({ refusals: 1 })
  const awake = keepAwake(window)
  awake.keep(true)
  await settled()
  expect(locks).toEqual([])
  show('visible')
  await settled()
  expect(locks).toMatchObject([{ released: false }])
})

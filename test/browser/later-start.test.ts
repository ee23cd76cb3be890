import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cell } from '../../browser/cell.ts'
import { LaterStart } from '../../browser/later-start.ts'
import type { Route } from '../../browser/visit/route.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function open(first: Route) {
  const route = new Cell<Route>(first)
  let begun = 0
  const navigation = {
    route,
    get isForShare() {
      return route.get().view === 'receive'
    },
  }
  const later = new LaterStart(navigation, () => begun++)
  later.start()
  return { later, route, begun: () => begun }
}
const SHARE = { view: 'receive', link: '/s/a#b' } as const

test('LaterStart: at once on other pages', () => {
  expect(open({ view: 'home' }).begun()).toBe(1)
})

test.each<[string, (opened: ReturnType<typeof open>) => void]>([
  ['when its list is there', ({ later }) => later.now()],
  ['when the person goes to another page', ({ route }) => route.set({ view: 'home' })],
  ['after a while', () => vi.advanceTimersByTime(3_000)],
])('LaterStart: on the page of a share %s, and once', (_, happen) => {
  const opened = open(SHARE)
  opened.route.set({ ...SHARE, link: '/s/c#d' })
  vi.advanceTimersByTime(2_999)
  expect(opened.begun()).toBe(0)
  happen(opened)
  expect(opened.begun()).toBe(1)
  opened.later.now()
  vi.advanceTimersByTime(10_000)
  expect(opened.begun()).toBe(1)
})

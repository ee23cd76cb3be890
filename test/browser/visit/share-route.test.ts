import { expect, test } from 'vitest'
import { pathOf, routeOf } from '../../../browser/visit/route.ts'

const ID = 'a'.repeat(52)

test('share route: the link of a share and of a drop box keeps its secret in the tab, and in the address bar', () => {
  expect(routeOf('/share')).toEqual({ view: 'share' })
  expect(routeOf('/s')).toEqual({ view: 'receive' })
  for (const [place, view] of [
    ['s', 'receive'],
    ['d', 'drop'],
  ] as const) {
    const route = routeOf(`/${place}/${ID}`, '?from=mail', '#secret')
    expect(route).toEqual({ view, link: `/${place}/${ID}#secret` })
    expect(pathOf(route)).toBe(`/${place}/${ID}#secret`)
  }
  for (const route of [{ view: 'share' }, { view: 'boxes' }, { view: 'receive' }] as const) expect(routeOf(pathOf(route))).toEqual(route)
})

test('share route: a path of a share that is none is for its page, which says so', () => {
  expect(routeOf('/s/short')).toEqual({ view: 'receive', link: '/s/short' })
  expect(routeOf(`/s/${ID}/more`)).toEqual({ view: 'home' })
})

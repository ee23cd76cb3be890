import { expect, test } from 'vitest'
import { addLinkOf, kindInText, readAddFragment } from '../../../browser/visit/add-link.ts'
import { pathOf, routeOf } from '../../../browser/visit/route.ts'

const TOKEN = 'uws2ljnfuws2ljnfuws2ljnfuu'

test('add link: opens the people page with its token, which stays behind #', () => {
  for (const kind of ['contact', 'device'] as const) {
    const url = new URL(addLinkOf('https://gateway.example', { kind, token: TOKEN }))
    expect([url.pathname, url.search]).toEqual(['/', ''])
    expect(routeOf(url.pathname, url.search, url.hash)).toEqual({ view: 'people', add: { kind, token: TOKEN } })
    expect(pathOf({ view: 'people', add: { kind, token: TOKEN } })).toBe(`/${url.hash}`)
    expect(kindInText(`Add me: ${url.href}`)).toBe(kind)
  }
  expect(routeOf('/people')).toEqual({ view: 'people' })
  expect(pathOf({ view: 'people' })).toBe('/people')
})

test('add link: other fragments and texts are none', () => {
  for (const fragment of ['', '#', '#add=', `#add=${TOKEN.slice(1)}`, `#k=${TOKEN}`, `#add=${TOKEN}&x=1`])
    expect(readAddFragment(fragment)).toBeUndefined()
  expect(routeOf('/', '', `#add=${TOKEN.slice(1)}`)).toEqual({ view: 'home' })
  expect(kindInText('mango guitar 7342')).toBeUndefined()
  expect(kindInText(TOKEN)).toBeUndefined()
})

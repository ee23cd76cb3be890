import { describe, expect, it } from 'vitest'
import { Activity, MAX_ENTRIES } from '../../browser/activity/activity.ts'
import { Traffic } from '../../browser/activity/traffic.ts'
import { Cell, firstMatch } from '../../browser/cell.ts'
import { rawPathOf } from '../../browser/content/raw-address.ts'
import { isLastCopy } from '../../browser/holding/last-copy-guard.ts'
import { pathOf, type Route, routeOf, routeOfLink } from '../../browser/visit/route.ts'

const HASH = '0123456789abcdef'.repeat(4)

describe('parts of the tab', () => {
  it('a route has one path and a path one route; any other path is home', () => {
    expect(routeOf(`/${HASH}`)).toEqual({ view: 'page', hash: HASH })
    expect(pathOf({ view: 'page', hash: HASH })).toBe(`/${HASH}`)
    expect(rawPathOf({ hash: HASH })).toBe(`/raw/${HASH}`)
    for (const path of ['/', '/index.html', `/${HASH}0`, `/${HASH.toUpperCase()}`, `/raw/${HASH}`])
      expect(routeOf(path)).toEqual({ view: 'home' })
    expect(pathOf({ view: 'home' })).toBe('/')
  })

  it('a link carries the outline, the path inside a bundle and a name, and parses to the same route', () => {
    const outline = 'fedcba9876543210'.repeat(4)
    const routes: Route[] = [
      { view: 'page', hash: HASH, outline },
      { view: 'page', hash: HASH, outline, name: 'naïve 漢字 #%?&.mp4' },
      { view: 'page', hash: HASH, inside: '' },
      { view: 'page', hash: HASH, inside: 'a b/\u{1f98b}?#%.html' },
    ]
    for (const route of routes) {
      const { pathname, search } = new URL(pathOf(route), 'http://localhost')
      expect(routeOf(pathname, search)).toEqual(route)
    }
    expect(routeOf(`/${HASH}`, '?o=nonsense&filename=')).toEqual({ view: 'page', hash: HASH })
    expect(rawPathOf({ hash: HASH, outline, name: 'a.txt', download: true })).toBe(`/raw/${HASH}?o=${outline}&download=1&filename=a.txt`)
    expect(rawPathOf({ hash: HASH, inside: 'a b/c', format: 'zip' })).toBe(`/raw/${HASH}/a%20b/c?format=zip`)
  })

  it('a private link has its key after #k= and no name; a request to a gateway has neither', () => {
    const [outline, secret] = ['fedcba9876543210'.repeat(4), 'k'.repeat(43)]
    const route: Route = { view: 'page', hash: HASH, outline, secret }
    expect(pathOf({ ...route, name: 'a.txt' })).toBe(`/${HASH}?o=${outline}#k=${secret}`)
    const { pathname, search, hash } = new URL(pathOf(route), 'http://localhost')
    expect(routeOf(pathname, search, hash)).toEqual(route)
    expect(routeOf(pathname, search, '#k=half')).toEqual({ ...route, secret: 'half' })
    expect(routeOf(pathname, search, '#section')).toEqual({ view: 'page', hash: HASH, outline })
    expect(routeOf('/', '', hash)).toEqual({ view: 'home' })
    expect(rawPathOf(route)).toBe(`/raw/${HASH}?o=${outline}`)
  })

  it('a link in a message leads to a page of this site, or nowhere', () => {
    const page = { view: 'page', hash: HASH }
    expect(routeOfLink(`/${HASH}`)).toEqual(page)
    expect(routeOfLink(`/${HASH}?o=${HASH}#k=key`)).toEqual({ ...page, outline: HASH, secret: 'key' })
    const others = [
      '',
      '/',
      '//[',
      '/messages',
      `//evil.example/${HASH}`,
      `https://evil.example/${HASH}`,
      `javascript:/${HASH}`,
      `/${HASH}0`,
    ]
    for (const link of others) expect(routeOfLink(link)).toBeUndefined()
  })

  it('a link to an end leads to the composer; a missing # is added to a name, and never to a hashname', () => {
    const hashname = 'ab2q'.repeat(13)
    for (const to of ['#wall', '#brød', '#a+b&c=d', hashname]) {
      const path = pathOf({ view: 'messages', to })
      expect(routeOf(new URL(path, 'http://localhost').pathname)).toEqual({ view: 'messages', to })
    }
    expect(pathOf({ view: 'messages', to: '#wall' })).toBe('/to/%23wall')
    expect(routeOf('/to/wall')).toEqual({ view: 'messages', to: '#wall' })
    expect(routeOf('/messages')).toEqual({ view: 'messages' })
    expect(pathOf({ view: 'messages' })).toBe('/messages')
    for (const path of ['/to/', '/to/a/b', '/messages/']) expect(routeOf(path)).toEqual({ view: 'home' })
  })

  it('a cell notifies of changes only, and waits for a value that passes', async () => {
    const cell = new Cell(1)
    const heard: number[] = []
    const unsubscribe = cell.subscribe((value) => heard.push(value))
    const three = firstMatch(cell, (value) => value === 3)
    for (const value of [1, 2, 2, 3]) cell.set(value)
    unsubscribe()
    cell.set(4)
    expect(heard).toEqual([2, 3])
    expect(await three).toBe(3)
  })

  it('waiting for a cell rejects with the reason of the signal', async () => {
    const controller = new AbortController()
    const waiting = firstMatch(new Cell(0), (value) => value > 0, { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  it('the console keeps the newest entries, and counts repeated ones', () => {
    const activity = new Activity(() => 1_000)
    for (let i = 0; i < MAX_ENTRIES + 5; i++) activity.log(`entry ${i}`)
    activity.log('again')
    activity.log('again')
    const entries = activity.entries.get()
    expect(entries).toHaveLength(MAX_ENTRIES)
    expect(entries.at(-1)).toMatchObject({ text: 'again', times: 2 })
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
  })

  it('the traffic graph has a value for each second of the last minute', () => {
    let nowMs = 100_000
    const traffic = new Traffic(() => nowMs)
    traffic.add(10)
    nowMs += 2_000
    traffic.add(5)
    traffic.add(5)
    expect(traffic.wave().slice(-3)).toEqual([10, 0, 10])
    expect(traffic.totals.get()).toEqual({ times: 3, bytes: 20 })
    nowMs += 60_000
    expect(traffic.wave().every((bytes) => bytes === 0)).toBe(true)
  })

  it('a copy is the last one when the count is 1, or without a count when it was made here', () => {
    const page = { hash: HASH, size: 1, label: '', madeHere: true, kept: true }
    const visited = { ...page, madeHere: false }
    expect([0, 1, 2].map((count) => isLastCopy(page, count))).toEqual([true, true, false])
    expect([0, 1, 2].map((count) => isLastCopy(visited, count))).toEqual([true, true, false])
    expect(isLastCopy(page, undefined)).toBe(true)
    expect(isLastCopy(visited, undefined)).toBe(false)
  })
})

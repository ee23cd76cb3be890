/** Something in every place where the app's origin could keep a secret, to see whether a stranger's page reads or changes it. */

import type { Page } from 'playwright-core'

/** Everything that the origin of this page keeps, by place; a listing where there could be more than the canary. */
export type Canaries = Record<string, unknown>

/** On a page of the app's origin. It also answers on a broadcast channel, holds a lock, and has a name, as long as the page is open. */
export async function plantCanaries(page: Page, secret: string): Promise<void> {
  await page.evaluate(async (canary) => {
    window.name = 'app'
    localStorage.setItem('canary', canary)
    sessionStorage.setItem('canary', canary)
    await cookieStore.set('canary', canary)
    for (const name of ['canary', 'spare']) {
      await new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.onupgradeneeded = () => opening.result.createObjectStore('canary').put(canary, 'canary')
        opening.onsuccess = () => {
          opening.result.close()
          resolve()
        }
        opening.onerror = () => reject(opening.error)
      })
    }
    await (await caches.open('canary')).put('/canary', new Response(canary))
    const file = await (await (await navigator.storage.getDirectory()).getFileHandle('canary', { create: true })).createWritable()
    await file.write(canary)
    await file.close()
    const channel = Object.assign(window, { canaryChannel: new BroadcastChannel('canary') }).canaryChannel
    channel.onmessage = ({ data }) => data.question && channel.postMessage({ answer: canary })
    await new Promise<void>((locked) => {
      const released = new Promise(() => {})
      const holding = navigator.locks.request('canary', () => {
        locked()
        return released
      })
      holding.catch(() => {}) // stolen, which the lock's absence shows
    })
  }, secret)
}

export function readCanaries(page: Page): Promise<Canaries> {
  return page.evaluate(async () => {
    const files: string[] = []
    for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name)
    return {
      // The time at which the app last said that a tab is open moves by itself.
      localStorage: { ...localStorage, 'mayfly:browser': localStorage.getItem('mayfly:browser')?.replace(/ \d+$/, '') },
      sessionStorage: { ...sessionStorage },
      cookies: document.cookie,
      databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
      caches: await caches.keys(),
      cached: await (await caches.match('/canary'))?.text(),
      files,
      locks: (await navigator.locks.query()).held?.map(({ name }) => name),
      serviceWorkers: (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
      name: window.name,
      address: location.href,
      owned: document.body.dataset.owned,
    }
  })
}

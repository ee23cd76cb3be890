/** Attempts to reach the app's storage in the browser, and its other tabs through it. Everything there is named `canary`. */

import type { Probe } from './probe.ts'

export const STORAGE_PROBES: readonly Probe[] = [
  { name: 'localStorage: read', attempt: () => localStorage.getItem('canary') },
  {
    name: 'localStorage: write',
    attempt: () => {
      localStorage.setItem('hostile', 'was here')
      return localStorage.getItem('hostile')
    },
  },
  { name: 'sessionStorage: read', attempt: () => sessionStorage.getItem('canary') },
  { name: 'cookies: read', attempt: () => document.cookie },
  {
    name: 'cookies: write',
    attempt: () => {
      // biome-ignore lint/suspicious/noDocumentCookie: the way that is under test
      document.cookie = 'hostile=here; path=/'
      return /hostile=here/.exec(document.cookie)?.[0]
    },
  },
  { name: 'cookie store: read', attempt: async () => (await cookieStore.getAll()).map(({ name }) => name).join() },
  { name: 'cookie store: write', attempt: async () => cookieStore.set('hostile', 'here').then(() => 'written') },
  {
    name: 'IndexedDB: read',
    attempt: () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('canary')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const getting = opening.result.transaction('canary').objectStore('canary').get('canary')
          getting.onsuccess = () => resolve(getting.result)
        }
      }),
  },
  { name: 'IndexedDB: list', attempt: async () => (await indexedDB.databases()).map(({ name }) => name).join() },
  { name: 'IndexedDB: delete', attempt: () => indexedDB.deleteDatabase('spare') && 'deleted' },
  { name: 'Cache API: read', attempt: async () => (await caches.match('/canary'))?.text() },
  {
    name: 'Cache API: write',
    attempt: async () => (await caches.open('canary')).put('/canary', new Response('here')).then(() => 'written'),
  },
  {
    name: 'private file system: read',
    attempt: async () => {
      const directory = await navigator.storage.getDirectory()
      return (await (await directory.getFileHandle('canary')).getFile()).text()
    },
  },
  {
    name: 'private file system: write',
    attempt: async () => (await (await navigator.storage.getDirectory()).getFileHandle('hostile', { create: true })).name,
  },
  { name: 'web locks: list', attempt: async () => (await navigator.locks.query()).held?.map(({ name }) => name).join() },
  { name: 'web locks: steal', attempt: () => navigator.locks.request('canary', { steal: true }, () => 'stolen') },
  {
    name: 'broadcast channel: ask the app',
    attempt: () =>
      new Promise((resolve) => {
        const channel = new BroadcastChannel('canary')
        channel.onmessage = ({ data }) => data.answer && resolve(data.answer)
        // Again and again: the first question may go out before the channel is ready for an answer.
        setInterval(() => channel.postMessage({ question: 'canary?' }), 50)
      }),
  },
]

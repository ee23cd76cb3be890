/** Making held bytes run as a script, a worker or a style, the app's scripts run in the page, and a service worker of the app's origin. */

import type { Probe } from './probe.ts'

export const SCRIPT_PROBES: readonly Probe[] = [
  {
    name: 'service worker: held script, for everything',
    attempt: async ({ script }) => (await navigator.serviceWorker.register(script, { scope: '/' })).scope,
  },
  {
    name: 'service worker: held script, for its own folder',
    attempt: async ({ script }) => (await navigator.serviceWorker.register(script)).scope,
  },
  {
    name: 'service worker: held script with a file name',
    attempt: async ({ script }) => (await navigator.serviceWorker.register(`${script}?filename=sw.js`, { scope: '/raw/sw' })).scope,
  },
  {
    name: 'service worker: from a blob',
    attempt: async () => {
      const url = URL.createObjectURL(new Blob(['onfetch = () => {}'], { type: 'text/javascript' }))
      return (await navigator.serviceWorker.register(url)).scope
    },
    toothless: 'service workers come from http addresses only',
  },
  {
    name: 'service worker: from a data URL',
    attempt: async () => (await navigator.serviceWorker.register('data:text/javascript,onfetch=null')).scope,
    toothless: 'service workers come from http addresses only',
  },
  {
    name: 'service worker: list',
    attempt: async () => {
      // One is there for the app in the run without guards, made by the probes above or by this one.
      const registrations = await navigator.serviceWorker.getRegistrations()
      return registrations.map(({ scope }) => scope).join() || (await navigator.serviceWorker.ready).scope
    },
  },
  {
    name: 'worker: held script',
    attempt: ({ script }) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(script)
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = () => reject('not loaded')
      }),
  },
  {
    name: 'worker: importScripts of a held script',
    attempt: ({ gateway, script }) =>
      new Promise((resolve, reject) => {
        const source = `try { importScripts('${gateway}${script}') } catch (error) { postMessage(error.name); throw error }`
        const worker = new Worker(URL.createObjectURL(new Blob([source])))
        worker.onmessage = ({ data }) => resolve(data === 'ran' ? data : null)
        worker.onerror = ({ message }) => reject(message)
      }),
  },
  {
    name: 'worker: the storage of the app from a blob',
    attempt: () =>
      new Promise((resolve, reject) => {
        const source =
          'indexedDB.databases().then((all) => postMessage(all.map(({ name }) => name).join()), (error) => setTimeout(() => { throw error }))'
        const worker = new Worker(URL.createObjectURL(new Blob([source])))
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(message)
      }),
  },
  {
    name: 'shared worker: held script',
    attempt: ({ script }) =>
      new Promise((resolve, reject) => {
        const worker = new SharedWorker(script)
        worker.onerror = () => reject('not loaded')
        worker.port.onmessage = ({ data }) => resolve(data)
      }),
  },
  {
    name: 'script element: held script',
    attempt: async ({ add, script }) => {
      await add('script', { src: script })
      return (self as { heldScript?: string }).heldScript
    },
  },
  {
    name: 'module: held script',
    attempt: async ({ add, script }) => {
      await add('script', { type: 'module', src: `${script}?module` })
      return (self as { heldScript?: string }).heldScript
    },
  },
  {
    name: 'style sheet: held style',
    attempt: async ({ add, style }) => {
      await add('link', { rel: 'stylesheet', href: style })
      return getComputedStyle(document.querySelector('#go') as Element).getPropertyValue('--held-style')
    },
  },
  {
    name: "module: the app's own script",
    attempt: ({ appScript }) =>
      new Promise((resolve, reject) => {
        const script = document.createElement('script')
        script.type = 'module'
        script.src = appScript
        script.onload = () => resolve('loaded')
        script.onerror = () => reject('not loaded')
        document.head.append(script)
      }),
  },
]

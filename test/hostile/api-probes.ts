/** Requests to the node in the visitor's name: to hold, to release, to sign, to reveal what only its own pages may read. */

import type { Probe } from './probe.ts'

const NO_POST = 'the API knows no POST, whoever sends it'

export const API_PROBES: readonly Probe[] = [
  {
    name: 'fetch: PUT',
    attempt: async ({ gateway, scene }) => {
      const { status } = await fetch(`${gateway}/api/v1/content`, { method: 'PUT', body: `${scene} fetch` })
      return status === 201 && 'held'
    },
  },
  {
    name: 'fetch: PUT with credentials, as one of the app',
    attempt: async ({ gateway, scene }) => {
      // A page may not write these names; the browser writes the true ones.
      const headers = { origin: gateway, host: 'localhost', 'sec-fetch-site': 'same-origin', 'x-requested-with': 'mayfly' }
      const init = { method: 'PUT', body: `${scene} credentials`, credentials: 'include', headers } as const
      return (await fetch(`${gateway}/api/v1/content`, init)).status === 201 && 'held'
    },
  },
  {
    name: 'fetch: PUT of the same origin only',
    attempt: async ({ gateway, scene }) => {
      const init = { method: 'PUT', body: `${scene} same origin`, mode: 'same-origin' } as const
      return (await fetch(`${gateway}/api/v1/content`, init)).status === 201 && 'held'
    },
  },
  {
    name: 'fetch: PUT that outlives the page',
    attempt: async ({ gateway, scene }) => {
      const init = { method: 'PUT', body: `${scene} keepalive`, keepalive: true }
      return (await fetch(`${gateway}/api/v1/content`, init)).status === 201 && 'held'
    },
  },
  {
    name: 'fetch: DELETE',
    attempt: async ({ gateway, doomed }) =>
      (await fetch(`${gateway}/api/v1/content/${doomed}`, { method: 'DELETE' })).status === 204 && 'released',
  },
  {
    name: 'fetch: POST without a preflight',
    attempt: async ({ gateway, scene }) => {
      const init = { method: 'POST', body: `${scene} simple`, mode: 'no-cors', credentials: 'include' } as const
      return (await fetch(`${gateway}/api/v1/content`, init)).status === 201 && 'held'
    },
    toothless: NO_POST,
  },
  {
    name: 'fetch: POST that asks to be a PUT',
    attempt: async ({ gateway, scene }) => {
      const headers = { 'x-http-method-override': 'PUT', 'x-http-method': 'PUT', 'x-method-override': 'PUT' }
      const init = { method: 'POST', body: `${scene} override`, headers }
      return (await fetch(`${gateway}/api/v1/content?_method=PUT`, init)).status === 201 && 'held'
    },
    toothless: NO_POST,
  },
  {
    name: 'XMLHttpRequest: PUT',
    attempt: ({ gateway, scene }) =>
      new Promise((resolve, reject) => {
        const request = new XMLHttpRequest()
        request.open('PUT', `${gateway}/api/v1/content`)
        request.withCredentials = true
        request.onload = () => resolve(request.status === 201 && 'held')
        request.onerror = () => reject('refused')
        request.send(`${scene} xhr`)
      }),
  },
  {
    name: 'worker: PUT',
    attempt: ({ gateway, scene }) =>
      new Promise((resolve, reject) => {
        const asks = `fetch('${gateway}/api/v1/content', { method: 'PUT', body: '${scene} worker' })`
        const source = `${asks}.then(({ status }) => postMessage(status === 201 && 'held'), (error) => setTimeout(() => { throw error }))`
        const worker = new Worker(URL.createObjectURL(new Blob([source])))
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(message)
      }),
  },
  {
    name: 'beacon: POST',
    attempt: ({ gateway, scene }) => {
      navigator.sendBeacon(`${gateway}/api/v1/content`, `${scene} beacon`)
    },
    toothless: NO_POST,
  },
  ...['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'].map(
    (given): Probe => ({
      name: `form: POST as ${given}`,
      given,
      attempt: async ({ add, gateway }, enctype) => {
        const target = `form ${enctype}`
        const frame = await add('iframe', { name: target })
        const form = document.createElement('form')
        const attributes = { action: `${gateway}/api/v1/content?_method=PUT`, method: 'post', enctype, target }
        Object.assign(form, attributes).innerHTML = '<input name="_method" value="PUT"><input name="body" value="planted">'
        document.body.append(form)
        const answered = new Promise((resolve) => frame.addEventListener('load', resolve))
        form.submit()
        await answered
        return /hash/.exec(frame.contentDocument?.body.textContent ?? '')?.[0]
      },
      toothless: NO_POST,
    }),
  ),
  {
    name: 'fetch: POST of a message that the node signs',
    attempt: async ({ gateway, scene }) =>
      (await fetch(`${gateway}/to/${scene}?wait=0`, { method: 'POST', body: scene })).status === 202 && 'posted',
  },
  { name: 'fetch: the metrics', attempt: async ({ gateway }) => (await fetch(`${gateway}/metrics`)).ok },
  { name: 'fetch: the home page', attempt: async ({ gateway }) => (await fetch(`${gateway}/`)).text() },
  {
    name: 'fetch: the home page with credentials',
    attempt: async ({ gateway }) => (await fetch(`${gateway}/`, { credentials: 'include' })).text(),
  },
  {
    // The node's id and addresses are public: tabs of other gateways join by them. Its counts are not.
    name: "fetch: the node's counts in its status",
    attempt: async ({ gateway }) => {
      const status = (await (await fetch(`${gateway}/api/v1/status`)).json()) as { counts?: object; startedAtMs?: number }
      return status.startedAtMs ?? (status.counts && Object.keys(status.counts).join())
    },
  },
  {
    name: 'fetch: the status with credentials',
    attempt: async ({ gateway }) => (await fetch(`${gateway}/api/v1/status`, { credentials: 'include' })).text(),
  },
  {
    name: 'event source: holders, with credentials',
    attempt: ({ gateway, doomed }) =>
      new Promise((resolve, reject) => {
        const events = new EventSource(`${gateway}/api/v1/holders/${doomed}`, { withCredentials: true })
        events.onmessage = ({ data }) => {
          events.close()
          resolve(data)
        }
        events.onerror = () => {
          events.close()
          reject('refused')
        }
      }),
  },
]

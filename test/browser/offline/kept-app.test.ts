import { expect, test } from 'vitest'
import { KeptApp } from '../../../browser/offline/kept-app.ts'

interface Browser {
  path: string
  registration?: { active: unknown; unregister(): Promise<boolean> }
  /** Undefined: the node is away. */
  registered?: object | undefined
}

function openIn({ path, registration, registered }: Browser) {
  const calls: string[] = []
  const names = ['mayfly-app-1', 'mayfly-given', 'canary']
  const { pathname, search } = new URL(path, 'http://localhost')
  const app = new KeptApp({
    location: { pathname, search },
    build: '1',
    workers: {
      getRegistration: async () => registration as never,
      register: async (url, options) => {
        calls.push(`register ${url} ${options?.scope}`)
        if (registered === undefined) throw new TypeError('Failed to fetch')
        return registered as never
      },
    },
    caches: { keys: async () => names, delete: async (name) => calls.push(`delete ${name}`) > 0 },
    locks: { request: async (name: string, { mode }: LockOptions) => calls.push(`lock ${name} ${mode}`) } as never,
  })
  return { app, calls }
}

test('only the pages under /app/ store the app', async () => {
  for (const path of ['/', '/people', '/application', '/app', `/${'a'.repeat(64)}`]) {
    const { app, calls } = openIn({ path, registered: { active: {} } })
    await app.start()
    expect([app.isHere, app.state.get(), calls]).toEqual([false, 'none', []])
  }
  const { app, calls } = openIn({ path: '/app/people', registered: { active: {} } })
  await app.start()
  expect([app.isHere, app.state.get()]).toEqual([true, 'kept'])
  expect(calls).toEqual(['lock mayfly-app-1 shared', 'register /app/worker.js /app/'])
})

test('while the node is away, an app that is stored is stored, and one that is not has failed', async () => {
  const stored = openIn({ path: '/app/', registration: { active: {}, unregister: async () => true } })
  await stored.app.start()
  expect(stored.app.state.get()).toBe('kept')
  const first = openIn({ path: '/app/' })
  await first.app.start()
  expect(first.app.state.get()).toBe('failed')
})

test('a worker that could not install its files has failed', async () => {
  const worker = Object.assign(new EventTarget(), { state: 'installing' })
  const { app } = openIn({ path: '/app/', registered: { active: null, installing: worker } })
  const started = app.start()
  await Promise.resolve()
  worker.state = 'redundant'
  worker.dispatchEvent(new Event('statechange'))
  await started
  expect(app.state.get()).toBe('failed')
})

test('?unregister removes the worker and its files on any page, and nothing that others keep', async () => {
  for (const path of ['/?unregister', '/app/share?unregister']) {
    let removed = 0
    const { app, calls } = openIn({ path, registration: { active: {}, unregister: async () => ++removed > 0 }, registered: { active: {} } })
    await app.start()
    expect([app.state.get(), removed, calls]).toEqual(['removed', 1, ['delete mayfly-app-1']])
  }
})

test('a browser that has no service workers says so', async () => {
  const app = new KeptApp({
    location: { pathname: '/app/', search: '' },
    build: '1',
    workers: undefined,
    caches: undefined,
    locks: undefined,
  })
  await app.start()
  expect(app.state.get()).toBe('impossible')
})

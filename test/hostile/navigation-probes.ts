/**
 * Taking the whole window elsewhere, or closing it. Each goes to the attacker's server under its own name. Judged is where the
 * window is afterwards and which page landed there, not the report of the probe.
 */

import type { Probe } from './probe.ts'

const TRIES: readonly Pick<Probe, 'name' | 'attempt'>[] = [
  {
    name: 'top: its location',
    attempt: ({ landing }, name) => {
      if (top) top.location = landing(name)
    },
  },
  { name: 'top: its location, replaced', attempt: ({ landing }, name) => top?.location.replace(landing(name)) },
  { name: 'parent: its location', attempt: ({ landing }, name) => void parent.location.assign(landing(name)) },
  {
    name: 'top: a script in its address',
    attempt: ({ landing }, name) => {
      if (top) top.location = `javascript:location = '${landing(name)}'`
    },
  },
  {
    name: 'top: its navigation',
    attempt: ({ landing }, name) =>
      void (top as unknown as { navigation: { navigate(url: string): void } }).navigation.navigate(landing(name)),
  },
  {
    name: 'top: a link',
    attempt: ({ landing }, name) => {
      const link = document.createElement('a')
      Object.assign(link, { href: landing(name), target: '_top' }).click()
    },
  },
  {
    name: 'top: a link and a base',
    attempt: ({ landing }, name) => {
      const base = document.createElement('base')
      base.target = '_parent'
      document.head.append(base)
      const link = document.createElement('a')
      link.href = landing(name)
      document.body.append(link)
      link.click()
      base.remove() // the links of other probes have targets of their own
    },
  },
  {
    name: 'top: a form',
    attempt: ({ landing }, name) => {
      const form = document.createElement('form')
      Object.assign(form, { action: landing(name), target: '_top' })
      document.body.append(form)
      form.submit()
    },
  },
  { name: 'top: opened as itself', attempt: ({ landing }, name) => void open(landing(name), '_top') },
  { name: 'top: opened as the parent', attempt: ({ landing }, name) => void open(landing(name), '_parent') },
  {
    name: 'top: from a frame within',
    attempt: ({ add, landing }, name) => void add('iframe', { srcdoc: `<script>top.location = '${landing(name)}'</script>` }),
  },
  {
    name: 'top: from a window',
    attempt: ({ landing }, name) => {
      const page = `<script>opener.top.location = '${landing(name)}'</script>`
      open(URL.createObjectURL(new Blob([page], { type: 'text/html' })))
    },
  },
  { name: 'top: back in its history', attempt: () => history.back() },
  {
    name: 'beside: the location of another frame',
    attempt: ({ landing }, name) => {
      const beside = parent[0] === self ? parent[1] : parent[0]
      if (beside) beside.location = landing(name)
    },
  },
]

export const NAVIGATION_PROBES: readonly Probe[] = TRIES.map((probe) => ({ ...probe, given: probe.name }))

/** For a window that a script may close: one that has never been anywhere else. */
export const CLOSING_PROBES: readonly Probe[] = [{ name: 'top: closed', attempt: () => top?.close() }]

/** For a page that another page has opened and still has a handle of. */
export const OPENER_NAVIGATION_PROBES: readonly Probe[] = [
  {
    name: 'opener: its location',
    given: 'opener: its location',
    attempt: ({ landing }, name) => {
      opener.location = landing(name)
    },
  },
  { name: 'opener: closed', attempt: () => opener.close() },
]

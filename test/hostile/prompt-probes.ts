/** Asking the visitor for something, or taking it unasked. The tests grant all of it to the app's origin, and accept every dialog. */

import type { Probe } from './probe.ts'

export const PROMPT_PROBES: readonly Probe[] = [
  { name: 'dialog: confirm', attempt: () => confirm('hostile?') && 'confirmed' },
  { name: 'dialog: prompt', attempt: () => prompt('hostile?', 'answered') },
  {
    name: 'dialog: alert',
    attempt: () => {
      let shortestMs = Number.POSITIVE_INFINITY
      for (let i = 0; i < 5; i++) {
        const startedAt = performance.now()
        alert('hostile')
        shortestMs = Math.min(shortestMs, performance.now() - startedAt)
      }
      // Where it is shown it stands until it is accepted, which takes a round trip each time; a busy machine is not as slow five times.
      return shortestMs > 1 && 'shown'
    },
  },
  {
    name: 'dialog: print',
    attempt: () => {
      let printed = false
      addEventListener('beforeprint', () => {
        printed = true
      })
      print()
      return printed && 'printed'
    },
  },
  {
    name: 'permission: geolocation',
    attempt: () =>
      new Promise((resolve, reject) =>
        navigator.geolocation.getCurrentPosition(
          ({ coords }) => resolve(coords.latitude),
          ({ message }) => reject(message),
        ),
      ),
  },
  {
    name: 'permission: notifications',
    attempt: async () => (await Notification.requestPermission()) === 'granted' && new Notification('hostile').title,
  },
  { name: 'permission: camera', attempt: async () => (await navigator.mediaDevices.getUserMedia({ video: true })).id },
  { name: 'permission: microphone', attempt: async () => (await navigator.mediaDevices.getUserMedia({ audio: true })).id },
  {
    name: 'permission: clipboard',
    attempt: async () => {
      await navigator.clipboard.writeText('hostile').catch(() => {}) // writing, at a click, is any page's right
      return navigator.clipboard.readText()
    },
  },
  {
    // A page without a name has nothing that such a question could honestly show: "prompt" is as bad as "granted".
    name: 'permission: whatever could be asked for',
    attempt: async () => {
      const names = `geolocation notifications camera microphone midi clipboard-read local-fonts window-management idle-detection
        local-network-access loopback-network local-network display-capture nfc hand-tracking vr ar`
      const open: string[] = []
      for (const name of names.split(/\s+/) as PermissionName[]) {
        const state = await navigator.permissions.query({ name }).then(
          (status) => status.state,
          () => 'denied',
        )
        if (state !== 'denied') open.push(`${name} ${state}`)
      }
      return open.join()
    },
  },
]

/** Probes that are judged by the downloads that the browser begins. */
export const DOWNLOAD_PROBES: readonly Probe[] = [
  {
    name: 'download: a blob',
    attempt: () => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob(['hostile']))
      link.download = 'hostile.exe'
      link.click()
    },
  },
  {
    name: 'download: held content in a frame',
    attempt: ({ add, victim }) => void add('iframe', { src: `/raw/${victim}?download=1&filename=hostile.exe` }),
  },
]

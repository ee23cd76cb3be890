/** Reaching for other documents: the page around, pages in frames of one's own, windows that one opens, the window that opened one. */

import type { Probe } from './probe.ts'

/** Sources of a frame without an address of the app: it must not become the app either. */
const OWN_FRAMES = ['srcdoc', 'blob', 'javascript', 'data', 'blank'] as const

export const WINDOW_PROBES: readonly Probe[] = [
  { name: 'parent: its document', attempt: () => parent !== self && parent.document.title },
  { name: 'parent: its address', attempt: () => parent !== self && parent.location.href },
  { name: 'parent: its storage', attempt: () => parent !== self && parent.localStorage.getItem('canary') },
  {
    name: 'parent: a script of its own',
    attempt: () => parent !== self && (parent as Window & { eval: typeof eval }).eval('document.title'),
  },
  { name: 'parent: the element around', attempt: () => frameElement?.outerHTML },
  { name: 'beside: the document of another frame', attempt: () => (parent[0] === self ? parent[1] : parent[0])?.document.title },
  {
    name: 'parent: messages that look like orders',
    attempt: () => {
      const orders = ['stop', 'preview', { type: 'hold' }, { type: 'release' }, { kind: 'html', text: '<b>owned</b>' }, { method: 'stop' }]
      const port = () => new MessageChannel().port1
      for (const order of orders) parent.postMessage(order, '*', [port()])
      for (let i = 0; i < parent.length; i++) if (parent[i] !== self) parent[i]?.postMessage(orders[4], '*', [port()])
    },
    toothless: 'the app listens to no messages',
  },
  ...['/', '/api/v1/status', '/metrics', '/assets-of-the-app'].map(
    (given): Probe => ({
      name: `frame: ${given}`,
      given,
      attempt: async ({ add, appScript }, path) => {
        const frame = await add('iframe', { src: path === '/assets-of-the-app' ? appScript : path })
        return frame.contentDocument?.documentElement.textContent?.slice(0, 40)
      },
    }),
  ),
  {
    name: "frame: the app's storage through its home page",
    attempt: async ({ add }) => (await add('iframe', { src: '/?storage' })).contentWindow?.localStorage.getItem('canary'),
  },
  {
    name: "frame: somebody else's page",
    attempt: async ({ add, victim }) => (await add('iframe', { src: `/raw/${victim}` })).contentDocument?.body.textContent,
  },
  {
    name: "frame: somebody else's page in the viewer",
    attempt: async ({ add, victim }) => (await add('iframe', { src: `/${victim}` })).contentDocument?.body.textContent,
  },
  {
    name: 'frame: a sandbox of its own, less strict',
    attempt: async ({ add, spy, told }) => {
      const sandbox = 'allow-scripts allow-same-origin allow-top-navigation allow-popups-to-escape-sandbox allow-modals'
      await add('iframe', { src: `${spy}#less`, name: 'less', sandbox })
      return told('less')
    },
  },
  ...OWN_FRAMES.map(
    (given): Probe => ({
      name: `frame: ${given}`,
      given,
      attempt: async ({ add, told, spyText }, kind) => {
        if (kind === 'blank') return (await add('iframe', {})).contentWindow?.localStorage.getItem('canary')
        const address = {
          srcdoc: '',
          blob: URL.createObjectURL(new Blob([spyText], { type: 'text/html' })),
          javascript: `javascript:${JSON.stringify(spyText)}`,
          data: `data:text/html,${encodeURIComponent(spyText)}`,
        }[kind]
        await add('iframe', { name: kind, ...(kind === 'srcdoc' ? { srcdoc: spyText } : { src: address ?? '' }) })
        return told(kind)
      },
      ...(given === 'data' && { toothless: 'data has no origin to share' }),
    }),
  ),
  ...['iframe', 'object', 'embed'].flatMap((element) =>
    ['spy', 'spySvg', 'spyXml'].map(
      (kind): Probe => ({
        name: `${element}: a held ${{ spy: 'page', spySvg: 'SVG', spyXml: 'XML' }[kind]} with a script`,
        given: `${element} ${kind}`,
        attempt: async ({ told, spy, spySvg, spyXml }, given) => {
          const [tag = '', which] = given.split(' ')
          const address = { spy, spySvg, spyXml }[which ?? '']
          const frame = document.createElement(tag)
          frame.setAttribute(tag === 'object' ? 'data' : 'src', `${address}#${encodeURIComponent(given)}`)
          document.body.append(frame)
          return told(encodeURIComponent(given))
        },
      }),
    ),
  ),
  {
    name: 'img: a held SVG with a script',
    attempt: async ({ add, spySvg, told }) => {
      await add('img', { src: `${spySvg}#img` })
      return told('img')
    },
    toothless: 'no script of an image runs',
  },
  {
    name: "window: the app's home page",
    attempt: async () => {
      const opened = open('/?opened')
      while (opened && opened.document.readyState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20))
      return opened?.localStorage.getItem('canary')
    },
  },
  {
    name: "window: somebody else's page",
    attempt: async ({ victim }) => {
      const opened = open(`/raw/${victim}`)
      while (opened && !opened.document.body?.textContent) await new Promise((resolve) => setTimeout(resolve, 20))
      return opened?.document.body.textContent
    },
  },
  { name: 'window: an empty one', attempt: () => open('about:blank')?.localStorage.getItem('canary') },
  {
    name: 'window: one that tells what it reaches',
    attempt: ({ spy, told }) => {
      open(`${spy}#window`, 'window')
      return told('window')
    },
  },
  {
    name: 'window: one from a blob',
    attempt: ({ spyText, told }) => {
      open(URL.createObjectURL(new Blob([spyText], { type: 'text/html' })), 'blob window')
      return told('blob window')
    },
  },
  { name: "window: the app's, by its name", attempt: () => open('', 'app')?.localStorage.getItem('canary') },
]

/** For a page that another page has opened and still has a handle of. */
export const OPENER_PROBES: readonly Probe[] = [
  { name: 'opener: its document', attempt: () => opener?.document.body.textContent },
  { name: 'opener: its address', attempt: () => opener?.location.href },
  { name: 'opener: its storage', attempt: () => opener?.localStorage.getItem('canary') },
]

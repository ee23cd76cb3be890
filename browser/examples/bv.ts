/**
 * `$BV` of p2p-platform ("BoneValue"), on this library: the script of a page that was written for it runs unchanged. Built as a classic script, so
 * that `$BV` is there when the page's own script runs.
 *
 * There is no server that knows users: an account lives in its user's browser, one for each user name, and its password is never sent or stored.
 * The host of `connect` is the gateway to join through, unless the script's tag names one: `<script src="BV.js" data-gateway="https://…">`.
 */

import { createPeer, openAccountRecords, type Peer, type Person, type Token } from 'mayfly/browser'

/** As a page of before knows a peer. */
interface OldPeer {
  /** The alias of its user; of one's own other tabs, one's own name. */
  name: string
  id: string
}

interface OldRequest {
  request: unknown
  /** The same, by its other name in the manual. */
  data: unknown
  callback(response: unknown): void
}

type Callback = (response: unknown) => void
type OldModule = (request: OldRequest) => void
type Listener = (argument?: unknown) => void
type OldEvent = 'connect' | 'disconnect' | 'peerconnect' | 'peerdisconnect' | 'newuser' | 'error'

/** How long a module may take until its last answer to one request, in ms. */
const ANSWER_MS = 60_000

const gatewayOfTag = (document.currentScript as HTMLScriptElement | null)?.dataset.gateway

function createBV() {
  const modules = new Map<string, OldModule>()
  const listeners: Record<OldEvent, Listener[]> = {
    connect: [],
    disconnect: [],
    peerconnect: [],
    peerdisconnect: [],
    newuser: [],
    error: [],
  }
  let userName = ''
  let connecting: Promise<Peer> | undefined
  let peer: Peer | undefined

  const emit = (event: OldEvent, argument?: unknown) => {
    for (const listener of listeners[event]) listener(argument)
  }
  /** Failures were silent before: now they are on the console, and an event. */
  const fail = (error: unknown) => {
    reportError(error)
    emit('error', error)
  }
  const oldPeer = ({ alias, instance }: Person): OldPeer => ({ name: alias ?? userName, id: instance })
  const connected = async (): Promise<Peer> => {
    if (connecting === undefined) throw new Error('Call $BV.connect first')
    return connecting
  }

  async function open(host: string): Promise<Peer> {
    const gateway = gatewayOfTag ?? (host.includes('://') ? host : `https://${host}`)
    const opened = await createPeer({ gateway, content: false, people: { store: await openAccountRecords({ name: userName }) } })
    await opened.start()
    await opened.joined()
    for (const [name, module] of modules) addModule(opened, name, module)
    peer = opened
    await opened.people.connect()
    emit('connect')
    opened.people.on('peerconnect', ({ person }) => emit('peerconnect', oldPeer(person)))
    opened.people.on('peerdisconnect', ({ person }) => emit('peerdisconnect', person.instance))
    opened.people.on('newuser', ({ alias }) => emit('newuser', alias))
    return opened
  }

  function addModule({ people }: Peer, name: string, module: OldModule): void {
    people.module(
      name,
      (input, { signal }) => {
        const { request, keepAlive } = input as { request: unknown; keepAlive: boolean }
        return keepAlive ? answersOf(module, request, signal) : firstAnswer(module, request)
      },
      { timeoutMs: ANSWER_MS },
    )
  }

  const firstAnswer = (module: OldModule, request: unknown) =>
    new Promise<unknown>((callback) => module({ request, data: request, callback: (response) => callback(response ?? null) }))

  /** All that the module answers, for as long as the other side listens. */
  async function* answersOf(module: OldModule, request: unknown, signal: AbortSignal): AsyncGenerator<unknown> {
    const waiting: unknown[] = []
    let wake = () => {}
    signal.addEventListener('abort', () => wake())
    const callback: Callback = (response) => {
      waiting.push(response ?? null)
      wake()
    }
    module({ request, data: request, callback })
    while (!signal.aborted) {
      yield* waiting.splice(0)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (waiting.length > 0 || signal.aborted) resolve()
      })
    }
  }

  async function ask(query: string, module: string, request: unknown, keepAlive: boolean, callback?: Callback): Promise<void> {
    const { people } = await connected()
    for await (const answer of people.get(query).message(module, { request: request ?? null, keepAlive }, { timeoutMs: ANSWER_MS })) {
      if ('error' in answer) fail(answer.error)
      else callback?.(answer.value)
    }
  }

  return {
    /** @param _password of no use: nobody but this browser knows the account */
    connect(host: string, user: string, _password?: string) {
      userName = user
      connecting ??= open(host)
      connecting.catch((error: unknown) => {
        connecting = undefined
        fail(error)
      })
    },
    disconnect() {
      const ending = connecting
      connecting = undefined
      peer = undefined
      ending?.then(
        async (opened) => {
          await opened.stop()
          emit('disconnect')
        },
        () => {},
      )
    },
    getId: () => peer?.id,
    on(event: OldEvent, listener: Listener) {
      listeners[event]?.push(listener)
    },
    module(name: string, module: OldModule) {
      modules.set(name, module)
      if (peer !== undefined) addModule(peer, name, module)
    },
    get: (query: string) => ({
      /** `message(module, data, callback)`, or `message(module, data, keepAlive, callback)`: with it the callback hears each further answer. */
      message(module: string, data: unknown, ...rest: [keepAlive?: boolean | Callback, callback?: Callback]) {
        const callback = rest.find((each) => typeof each === 'function')
        ask(query, module, data, rest[0] === true, callback).catch(fail)
      },
    }),
    /** Makes a link that makes its reader a contact, and opens a letter with it. Before, it made a login on the server. */
    invite(email: string) {
      this.requestToken(email, ({ token }) => {
        const link = new URL(`#add=${token}`, location.href)
        location.href = `mailto:${encodeURIComponent(email)}?body=${encodeURIComponent(link.href)}`
      })
    },
    requestToken(alias: string, callback: (data: Pick<Token, 'token' | 'code'>) => void) {
      connected()
        .then(({ people }) => people.contacts.requestToken(alias))
        .then((token) => {
          token.claimed.catch(fail)
          callback({ token: token.token, code: token.code })
        })
        .catch(fail)
    },
    claimToken(alias: string, token: string, callback?: (data: { alias: string }) => void) {
      connected()
        .then(({ people }) => people.contacts.claimToken(alias, token))
        .then(() => callback?.({ alias }), fail)
    },
  }
}

Object.assign(globalThis, { $BV: createBV() })

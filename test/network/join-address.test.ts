import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { askGatewayEarly, checkJoinAddress } from '../../node/network/index.ts'
import { explainDialFailure, findJoinAddresses } from '../../node/network/join-address.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

const BAD_OPTION = expect.objectContaining({ code: 'ERR_BAD_OPTION' })
const NO_NETWORK = expect.objectContaining({ code: 'ERR_NO_NETWORK' })

let id: string
beforeAll(async () => {
  id = (await createSeededPeer(1)).id
})

test.each([
  '',
  'localhost:4000',
  'localhost',
  'ws://localhost:4000',
  'ftp://host',
  '/ip4/127.0.0.1/tcp/port',
  '/nonsense/1',
  '/ip4/300.0.0.1/tcp/1',
])('join-address: refuses %j', async (address) => {
  expect(() => checkJoinAddress(address)).toThrow(BAD_OPTION)
  await expect(findJoinAddresses(address)).rejects.toEqual(BAD_OPTION)
})

test.each(['/ip4/127.0.0.1/tcp/4000/ws', '/dns/pages.example/tcp/443/tls/ws', '/ip6/::1/tcp/4000/ws'])(
  'join-address: takes the multiaddr %s as it is',
  async (address) => {
    checkJoinAddress(address)
    expect((await findJoinAddresses(address)).map(String)).toEqual([address])
  },
)

/** The URL of a server that answers as told. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const serveJson = (value: unknown) => serve((_request, response) => response.end(JSON.stringify(value)))

test('join-address: a gateway’s own URL comes first, then what it announces, without what only some can reach', async () => {
  const paths: unknown[] = []
  const announced = [`/dns/pages.example/tcp/443/tls/ws/p2p/${id}`, 7, '/ip4/127.0.0.1/tcp/4000/ws', '/ip4/192.168.1.5/tcp/4000/ws']
  const url = await serve((request, response) => {
    paths.push(request.url)
    response.end(JSON.stringify({ id, addresses: [...announced, '/ip6/::1/tcp/4000/ws'] }))
  })
  const addresses = await findJoinAddresses(url)
  expect(addresses.map(String)).toEqual([`/ip4/127.0.0.1/tcp/${new URL(url).port}/ws/p2p/${id}`, announced[0]])
  expect(paths).toEqual(['/api/v1/status'])
})

test('join-address: a few of many announced addresses are taken', async () => {
  const addresses = Array.from({ length: 1_000 }, (_, i) => `/dns/pages.example/tcp/${i + 1}/ws`)
  expect((await findJoinAddresses(await serveJson({ id, addresses }))).length).toBeLessThan(20)
})

test.each([
  ['nothing', null],
  ['a list', []],
  ['text', 'hello'],
  ['no peer id', { addresses: [] }],
  ['a peer id that is none', { id: 'it is I' }],
  ['an address that is none', { id: '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5', addresses: ['here'] }],
])('join-address: a server whose status is %s is no gateway', async (_, status) => {
  await expect(findJoinAddresses(await serveJson(status))).rejects.toEqual(NO_NETWORK)
})

test('join-address: a server that answers no JSON, or an error, is no gateway', async () => {
  await expect(findJoinAddresses(await serve((_, response) => response.end('<html>')))).rejects.toEqual(NO_NETWORK)
  await expect(findJoinAddresses(await serve((_, response) => response.writeHead(500).end('{}')))).rejects.toEqual(NO_NETWORK)
})

test('join-address: a gateway that lets no page of this origin in is told apart, with what its operator can do', async () => {
  const refusal = (refusedOrigin: string) => serveJson({ id, refusedOrigin }).then(findJoinAddresses)
  await expect(refusal('https://app.example')).rejects.toMatchObject({
    code: 'ERR_ORIGIN',
    message: expect.stringContaining('--allow-origin https://app.example'),
  })
  await expect(refusal('<b>any text</b>')).rejects.toMatchObject({ code: 'ERR_ORIGIN', message: expect.not.stringContaining('any text') })
})

test('join-address: an answer without end is given up', async () => {
  let sent = 0
  const url = await serve((_request, response) => {
    const part = Buffer.alloc(65_536, ' ')
    const more = () => {
      while (!response.destroyed && sent < 1e9) {
        sent += part.byteLength
        if (!response.write(part)) return void response.once('drain', more)
      }
    }
    more()
  })
  await expect(findJoinAddresses(url)).rejects.toEqual(NO_NETWORK)
  expect(sent).toBeLessThan(50_000_000)
})

test('join-address: nobody there is no network', async () => {
  const url = await serveJson({})
  const port = Number(new URL(url).port)
  await expect(findJoinAddresses(`http://127.0.0.2:${port}`)).rejects.toEqual(NO_NETWORK)
})

test('join-address: waiting for an answer ends with the signal', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const url = await serve(() => controller.abort(reason))
  await expect(findJoinAddresses(url, { signal: controller.signal })).rejects.toBe(reason)
})

test.each([
  ['of ws', new Error('Unexpected server response: 426'), 'no websocket opens there: a proxy in front of it has to pass websockets on'],
  ['of a browser', new Event('error'), 'no websocket opens there: a proxy in front of it has to pass websockets on'],
  ['of a full gateway', new Error('Unexpected server response: 503'), 'it has no room for a websocket now (503)'],
  ['of a gateway that is away', new Error('connect ECONNREFUSED 192.0.2.7:4000'), 'connect ECONNREFUSED 192.0.2.7:4000'],
  ['of several addresses', new AggregateError([new Error('one'), new Error('two'), new Error('one')]), 'one; two'],
])('explainDialFailure: the failure %s', async (_, error, words) => {
  expect(await explainDialFailure('https://pages.example', error)).toMatchObject({
    code: 'ERR_NO_NETWORK',
    message: `Cannot join https://pages.example: ${words}`,
  })
})

test('explainDialFailure: where a multiaddr answers no request either, nobody is there', async () => {
  const url = new URL(await serveJson({ id }))
  const explain = async (host: string) =>
    (await explainDialFailure(`/ip4/${host}/tcp/${url.port}/ws/p2p/${id}`, new Event('error'))).message
  expect(await explain('127.0.0.1')).toContain('a proxy in front of it has to pass websockets on')
  expect(await explain('127.0.0.2')).toBe(`Cannot join http://127.0.0.2:${url.port}: ECONNREFUSED`)
})

test('join-address: a gateway that was asked early is asked once, and the next join asks anew', async () => {
  let asked = 0
  const url = await serve((_, response) => {
    asked++
    response.end(JSON.stringify({ id, addresses: [] }))
  })
  askGatewayEarly(url)
  askGatewayEarly(`${url}/`)
  expect(await findJoinAddresses(url)).toHaveLength(1)
  expect(asked).toBe(1)
  expect(await findJoinAddresses(url)).toHaveLength(1)
  expect(asked).toBe(2)
})

test('join-address: where a gateway was asked in vain, the join asks again', async () => {
  let asked = 0
  const url = await serve((_, response) => {
    if (asked++ === 0) response.writeHead(503).end()
    else response.end(JSON.stringify({ id, addresses: [] }))
  })
  askGatewayEarly(url)
  expect(await findJoinAddresses(url)).toHaveLength(1)
  expect(asked).toBe(2)
})

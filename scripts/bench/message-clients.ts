/**
 * The sending half of other systems' protocols: one connection over which posts are written as they come; each acknowledgement resolves
 * its own post.
 */

import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface PostClient {
  /** Resolves with the system's acknowledgement. */
  post(body: string): Promise<void>
}

/** Each post a request of its own, over connections that are kept. */
export function connectHttp(port: number): PostClient {
  const ask = httpAsker(port)
  return {
    async post(body) {
      await ask('POST', body)
    },
  }
}

/** The same, signed, and acknowledged by a signature of the receiver, which is checked. */
export async function connectSignedHttp(port: number): Promise<PostClient> {
  const ask = httpAsker(port)
  const receiver = createPublicKey({ key: await ask('GET', ''), format: 'der', type: 'spki' })
  const own = generateKeyPairSync('ed25519')
  const key = own.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  return {
    async post(body) {
      const signature = sign(null, Buffer.from(body), own.privateKey)
      const receipt = await ask('POST', body, { key, signature: signature.toString('base64') })
      if (!verify(null, signature, receiver, receipt)) throw new Error('a receipt that the receiver did not sign')
    },
  }
}

function httpAsker(port: number) {
  const agent = new Agent({ keepAlive: true })
  return (method: string, body: string, headers: OutgoingHttpHeaders = {}) =>
    new Promise<Buffer>((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, agent, method, headers: { 'content-length': body.length, ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          response
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .once('end', () =>
              response.statusCode === 200 ? resolve(Buffer.concat(chunks)) : reject(new Error(`HTTP ${response.statusCode}`)),
            )
        },
      )
      asked.once('error', reject).end(body)
    })
}

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export async function connectRedis(port: number): Promise<PostClient> {
  const socket = await open(port)
  /** In the order of the posts, as the answers are. Bounded by the posts in flight. */
  const waiting: PromiseWithResolvers<void>[] = []
  readChunks(socket, (bytes) => {
    const head = bytes.indexOf('\r\n')
    if (head < 0) return 0
    const kind = bytes[0]
    const whole = kind === 0x24 ? head + 2 + Number(bytes.toString('latin1', 1, head)) + 2 : head + 2 // "$": so many bytes follow
    if (bytes.length < whole) return 0
    if (kind === 0x2d)
      waiting.shift()?.reject(new Error(bytes.toString('utf8', 1, head))) // "-": an error
    else waiting.shift()?.resolve()
    return whole
  })
  return {
    post(body) {
      const answer = Promise.withResolvers<void>()
      waiting.push(answer)
      socket.write(`*5\r\n$4\r\nXADD\r\n$5\r\nbench\r\n$1\r\n*\r\n$1\r\nb\r\n$${body.length}\r\n${body}\r\n`)
      return answer.promise
    },
  }
}

/** Into a stream that is made here. @see https://docs.nats.io/reference/reference-protocols/nats-protocol */
export async function connectJetStream(port: number): Promise<PostClient> {
  const socket = await open(port)
  /** By the last part of the subject that is answered to. Bounded by the posts in flight. */
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  let next = 0
  readChunks(socket, (bytes) => {
    const head = bytes.indexOf('\r\n')
    if (head < 0) return 0
    const line = bytes.toString('latin1', 0, head)
    if (line === 'PING') socket.write('PONG\r\n')
    const [word, subject = '', , size] = line.split(' ')
    if (word !== 'MSG') return head + 2
    const whole = head + 2 + Number(size) + 2
    if (bytes.length < whole) return 0
    const answer = bytes.toString('utf8', head + 2, whole - 2)
    const name = subject.slice(subject.lastIndexOf('.') + 1)
    const { resolve, reject } = waiting.get(name) ?? Promise.withResolvers<void>()
    waiting.delete(name)
    if (answer.includes('"error"')) reject(new Error(answer))
    else resolve()
    return whole
  })
  const ask = (subject: string, body: string) => {
    const answer = Promise.withResolvers<void>()
    const name = String(next++)
    waiting.set(name, answer)
    socket.write(`PUB ${subject} _INBOX.b.${name} ${body.length}\r\n${body}\r\n`)
    return answer.promise
  }
  socket.write('CONNECT {"verbose":false}\r\nSUB _INBOX.b.* 1\r\n')
  await ask('$JS.API.STREAM.CREATE.bench', JSON.stringify({ name: 'bench', subjects: ['bench'], storage: 'file' }))
  return { post: (body) => ask('bench', body) }
}

/** QoS 1, for a subscriber with a lasting session. @see https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html */
export async function connectMqtt(port: number): Promise<PostClient> {
  const subscriber = await openMqtt(port, 'reader', 0)
  await subscriber.ask(0x82, [...mqttText('bench'), 1])
  subscriber.socket.end(Buffer.from([0xe0, 0])) // its session stays, and what comes is kept for it
  const { ask } = await openMqtt(port, 'writer', 2)
  return { post: (body) => ask(0x32, [], Buffer.concat([Buffer.from(mqttText('bench')), MQTT_ID, Buffer.from(body)])) }
}

/** Where the packet's number stands in a body that has one. */
const MQTT_ID = Buffer.of(0, 0)

async function openMqtt(port: number, client: string, flags: number) {
  const socket = await open(port)
  /** By packet number. Bounded by the posts in flight. */
  const waiting = new Map<number, () => void>()
  const connected = Promise.withResolvers<void>()
  let next = 0
  readChunks(socket, (bytes) => {
    // Acknowledgements are short: their length is one byte.
    if (bytes.length < 2 || bytes.length < 2 + (bytes[1] ?? 0)) return 0
    if (bytes[0] === 0x20) connected.resolve()
    else if (bytes[0] !== 0xd0) {
      const id = bytes.readUInt16BE(2)
      waiting.get(id)?.()
      waiting.delete(id)
    }
    return 2 + (bytes[1] ?? 0)
  })
  const send = (type: number, body: Buffer) => {
    const size = body.length < 128 ? [body.length] : [(body.length % 128) | 128, body.length >> 7]
    socket.write(Buffer.concat([Buffer.from([type, ...size]), body]))
  }
  send(0x10, Buffer.from([...mqttText('MQTT'), 4, flags, 0, 0, ...mqttText(client)]))
  await connected.promise
  return {
    socket,
    ask: (type: number, topicAfterId: number[], whole?: Buffer) =>
      new Promise<void>((resolve) => {
        const id = (next++ % 65_535) + 1
        waiting.set(id, resolve)
        const body = whole ?? Buffer.from([0, 0, ...topicAfterId])
        body.writeUInt16BE(id, whole === undefined ? 0 : mqttText('bench').length)
        send(type, body)
      }),
  }
}

function mqttText(text: string): number[] {
  return [0, text.length, ...Buffer.from(text)]
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** @param take what has come: answers how much of its beginning was one whole answer, 0 when it is not whole */
function readChunks(socket: Socket, take: (bytes: Buffer) => number): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let taken = take(bytes); taken > 0; taken = bytes.length > 0 ? take(bytes) : 0) bytes = bytes.subarray(taken)
    rest = bytes
  })
}

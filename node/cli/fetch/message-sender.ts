/**
 * The sender of a command: through a gateway by HTTP, without the overlay's code, or as a peer of the overlay, which holds large bodies, waits for
 * receivers, and tries for as long as it takes to join.
 */

import type { MayflyError } from '../../errors.ts'
import type { Key, Messages, OutboxStore } from '../../index.ts'
import { createLoneSender } from '../../messages/lone-sender.ts'
import { isMultiaddr } from '../values/server-values.ts'
import { type GatewayPosts, openGatewayPosts } from './gateway-posts.ts'

export interface MessageSender {
  messages: Pick<Messages, 'post' | 'entry' | 'forget' | 'onOutbox'>
  /** Begins to send. Resolves with the reason when the network could not be joined in time. @throws signal.reason, when aborted */
  start(): Promise<MayflyError | undefined>
  /** Resolves with true once the content that is held next was uploaded as a whole, with false at the signal. */
  whenFetched(signal: AbortSignal): Promise<boolean>
  /** Why a message could not be handed to a gateway the last time, in words; undefined when it was, and where no gateway is asked. */
  failureOf(id: Key): MayflyError | undefined
  stop(): Promise<void>
}

export interface MessageSenderOptions {
  join: string[]
  timeoutMs: number
  messageSecret: Key
  outboxStore: OutboxStore
  signal: AbortSignal
}

/** A silent gateway is given up after this, in ms: a peer waits for it for all of the command's time. */
const MAX_ANSWER_MS = 3_000

/**
 * Undefined where a peer is needed: for a multiaddr, for a body of that size, or when no gateway answers as one that is in the network and takes
 * signed messages.
 *
 * @throws signal.reason, when aborted
 */
export async function openGatewaySender(options: MessageSenderOptions, bodyBytes: number): Promise<MessageSender | undefined> {
  const { join, timeoutMs, signal } = options
  if (join.length === 0 || join.some(isMultiaddr)) return undefined
  const gateway = await openGatewayPosts(join, { timeoutMs: Math.min(timeoutMs, MAX_ANSWER_MS), signal })
  return gateway !== undefined && bodyBytes <= gateway.maxMessageBytes ? createGatewaySender(gateway, options) : undefined
}

function createGatewaySender(gateway: GatewayPosts, { messageSecret, outboxStore }: MessageSenderOptions): MessageSender {
  const { maxMessageBytes } = gateway
  const sender = createLoneSender({
    ...{ gateway, secret: messageSecret, store: outboxStore, limits: { maxMessageBytes } },
    wall: Date.now,
    random: Math.random,
  })
  return {
    messages: sender,
    async start() {
      await sender.start()
      return undefined
    },
    whenFetched: async () => false, // a body that needs it goes another way
    failureOf: sender.failureOf,
    stop: sender.stop,
  }
}

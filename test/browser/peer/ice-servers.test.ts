import { expect, test } from 'vitest'
import type { GatewayStatus } from '../../../browser/peer/gateway-status.ts'
import { createIceServers, ICE_SERVERS_MS } from '../../../browser/peer/ice-servers.ts'
import { TURN_LIFETIME_S } from '../../../gateway/api/ice-servers.ts'

/** @param answers by gateway */
function createGateways(answers: Record<string, GatewayStatus>) {
  const asked: string[] = []
  const clock = { ms: 0 }
  const readStatus = async (gateway: string) => {
    asked.push(gateway)
    return answers[gateway] ?? {}
  }
  return { asked, clock, answers, find: createIceServers(Object.keys(answers), readStatus, () => clock.ms) }
}

const stun = (name: string): GatewayStatus => ({ id: name, iceServers: [{ urls: `stun:${name}` }] })

test('ICE servers: the first gateway that answers is asked ahead, and again once its answer is old', async () => {
  const { asked, clock, answers, find } = createGateways({ away: {}, b: stun('b') })
  expect(asked).toEqual(['away'])
  expect(await Promise.all([find(), find()])).toEqual([[{ urls: 'stun:b' }], [{ urls: 'stun:b' }]])
  clock.ms = ICE_SERVERS_MS - 1
  await find()
  expect(asked).toEqual(['away', 'b'])
  answers.away = stun('c')
  clock.ms++
  expect(await find()).toEqual([{ urls: 'stun:c' }])
  expect(ICE_SERVERS_MS).toBeLessThan((TURN_LIFETIME_S * 1_000) / 10) // a password is young when a connection begins
})

test('ICE servers: while no gateway answers there are none, and each connection asks again', async () => {
  const { asked, answers, find } = createGateways({ a: {} })
  expect(await find()).toEqual([])
  answers.a = stun('a')
  expect(await find()).toEqual([{ urls: 'stun:a' }])
  await find()
  expect(asked).toEqual(['a', 'a'])
})

import { expect, test } from 'vitest'
import { checkTurn, parseIceServer } from '../../../node/cli/values/ice-server.ts'

function refusalOf(attempt: () => unknown): unknown {
  try {
    return attempt()
  } catch (error) {
    return error
  }
}

test('ice-server: STUN and TURN servers are URIs without a password', () => {
  for (const uri of ['stun:stun.example:3478', 'stuns:[2001:db8::1]', 'turn:turn.example', 'turns:turn.example:443?transport=tcp'])
    expect(parseIceServer(uri)).toBe(uri)
})

test('ice-server: a password, which every visitor would be told, is refused with the way to do without one', () => {
  for (const text of [
    'turn:me:hidden@turn.example',
    'turns:me:hid%den@turn.example?transport=udp',
    'turn:hidden@a.example',
    'turn:u:hid@den@a',
  ]) {
    const refusal = refusalOf(() => parseIceServer(text))
    expect(refusal, text).toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('--turn-secret') })
    expect(String(refusal)).not.toMatch(/hid/)
  }
})

test('ice-server: refuses other text, and never repeats a password in it', () => {
  for (const text of ['', 'stun:', 'http://a.example', 'turn:', 'turn:a b', 'stun:a b', 'stun:a?x=secret', 'turn:a?transport=secret']) {
    const refusal = refusalOf(() => parseIceServer(text))
    expect(refusal, text).toMatchObject({ code: 'ERR_BAD_OPTION' })
    expect(String(refusal)).not.toContain('secret')
  }
})

test('ice-server: a TURN server and its secret are refused without each other, by the flag that is missing', () => {
  const attempt = (iceServer: string[], turnSecret?: string) => refusalOf(() => checkTurn({ iceServer, turnSecret }))
  expect(attempt(['turn:a.example'])).toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('needs --turn-secret') })
  expect(attempt(['stun:a.example'], 's')).toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('--ice-server turn:') })
  expect([attempt(['turn:a.example'], 's'), attempt(['stun:a.example']), attempt([])]).toEqual([undefined, undefined, undefined])
})

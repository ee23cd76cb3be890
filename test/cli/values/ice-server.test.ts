import { expect, test } from 'vitest'
import { parseIceServer } from '../../../node/cli/values/ice-server.ts'

test('ice-server: STUN needs a host alone, TURN a user and a password as well', () => {
  expect(parseIceServer('stun:stun.example:3478')).toEqual({ urls: 'stun:stun.example:3478' })
  expect(parseIceServer('turn:me:s%3Acret@turn.example?transport=udp')).toEqual({
    urls: 'turn:turn.example?transport=udp',
    username: 'me',
    credential: 's:cret',
  })
})

test('ice-server: refuses other text, and never repeats a password in it', () => {
  for (const text of [
    '',
    'stun:',
    'http://a.example',
    'turn:a.example',
    'turn:secret@a.example',
    'turn:u:secret%@a',
    'stun:a b',
    'stun:a?x=secret',
  ]) {
    const refusal = (() => {
      try {
        return parseIceServer(text)
      } catch (error) {
        return error
      }
    })()
    expect(refusal, text).toMatchObject({ code: 'ERR_BAD_OPTION' })
    expect(String(refusal)).not.toContain('secret')
  }
})

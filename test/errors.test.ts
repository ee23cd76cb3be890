import { expect, test } from 'vitest'
import { MayflyError } from '../node/index.ts'

test('errors: carry a code to match on, their cause, and one name', () => {
  const cause = new Error('socket closed')
  const error = new MayflyError('ERR_NO_NETWORK', 'Cannot join', { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'MayflyError', code: 'ERR_NO_NETWORK', message: 'Cannot join', cause })
  expect(String(error)).toBe('MayflyError: Cannot join')
})

test('errors: have no cause when none was given', () => {
  expect('cause' in new MayflyError('ERR_LIMIT', 'Cannot hold')).toBe(false)
})

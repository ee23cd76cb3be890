import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { explainSystemError } from '../../../node/server/store/system-error.ts'

function systemError(code: 'ENOSPC' | 'EDQUOT' | 'EFBIG' | 'EACCES'): Error {
  return Object.assign(new Error(`${code}: as Node.js says it`), { code, errno: -constants.errno[code], syscall: 'write' })
}

test.each([
  ['ENOSPC', /^Cannot write a: the disk is full/],
  ['EDQUOT', /^Cannot write a: your share of the disk \(quota\) is used up/],
  ['EFBIG', /^Cannot write a: the file is larger than this disk, or a limit/],
  ['EACCES', /^Cannot write a: permission denied$/],
] as const)('system error: %s in words, with its code', (code, words) => {
  const explained = explainSystemError('Cannot write a', systemError(code))
  expect(explained).toMatchObject({ code, message: expect.stringMatching(words) })
})

test('system error: any other error stays as it is', () => {
  const error = new TypeError('a bug')
  expect(explainSystemError('Cannot write a', error)).toBe(error)
})

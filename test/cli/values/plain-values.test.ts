import { expect, test } from 'vitest'
import { parseDurationSetting } from '../../../node/cli/values/plain-values.ts'

test('duration: of a setting, with or without white space around it', () => {
  expect(['1.5s', ' 30\n', '7d'].map(parseDurationSetting)).toEqual([1_500, 30_000, 604_800_000])
})

test.each(['', '1 s', 'soon', '25000h', '25d', '9'.repeat(20)])('duration: %j is no value of a setting', (text) => {
  expect(() => parseDurationSetting(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
})

import { expect, test } from 'vitest'
import { receiverIdOf } from '../../../browser/visit/receiver-id.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

test('a browser is the same receiver of a share at each visit, and another of another share', () => {
  const store = new MemoryStore()
  const first = receiverIdOf(store, 'share')
  expect(receiverIdOf(store, 'share')).toEqual(first)
  expect(receiverIdOf(store, 'other')).not.toEqual(first)
  store.setItem('mayfly:receivers', '[["share","no base64, and too short"],7]')
  expect(receiverIdOf(store, 'share')).toHaveLength(16)
})

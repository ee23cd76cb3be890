import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shareTargetOf } from '../../../node/cli/values/share-target.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const ID = 'a'.repeat(52)
const PATH = `/s/${ID}#secret`

test.each([
  [`https://mayfly.example${PATH}`, 'https://mayfly.example'],
  [`http://127.0.0.1:4000${PATH}`, 'http://127.0.0.1:4000'],
  [PATH, undefined],
  [PATH.slice(1), undefined],
])('share target: %s is the link of a share', (text, origin) => {
  expect(shareTargetOf(text, '/nowhere')).toEqual({ kind: 'link', path: PATH, origin })
})

test.each(['mango-guitar-7342', 'Mango Guitar 7342', '7342 mango guitar', ' mango - guitar - 7342 ', 'mango-gitar-7342'])(
  'share target: %j has the form of a code',
  (text) => {
    expect(shareTargetOf(text, '/nowhere')).toEqual({ kind: 'code', code: text })
  },
)

test.each(['inbox', '#mango-guitar-7342', '#wall', 'my-inbox-2024', 'mango-guitar', 'mango-guitar-73421', 'a.b', 'mango-7342-7343'])(
  'share target: %s is a receiver of messages',
  (text) => {
    expect(shareTargetOf(text, '/nowhere')).toBeUndefined()
  },
)

test.each([
  [`https://mayfly.example/d/${ID}#secret`, 'drop box'],
  [`https://mayfly.example/${'0'.repeat(64)}`, 'Not the link of a share'],
  ['https://mayfly.example/people', 'Not the link of a share'],
  [`https://mayfly.example/s/${ID}`, 'in quotes'],
  ['../a', 'Not the link of a share'],
  ['https://', 'Not a link'],
])('share target: %s is neither', (text, words) => {
  expect(() => shareTargetOf(text, '/nowhere')).toThrow(words)
})

test('share target: a receiver that is there already keeps its name', async () => {
  const data = await createTemporaryDirectory()
  await mkdir(join(data, 'receivers/team-inbox-2024'), { recursive: true })
  await writeFile(join(data, 'receivers/team-inbox-2024/inbox.db'), '')
  expect(shareTargetOf('team-inbox-2024', data)).toBeUndefined()
  expect(shareTargetOf('team-inbox-2025', data)).toEqual({ kind: 'code', code: 'team-inbox-2025' })
})

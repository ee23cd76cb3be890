import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ConfigurationInput, readConfiguration } from '../../node/cli/configuration.ts'
import {
  type Configuration,
  defaultOf,
  environmentVariableOf,
  fileKeyOf,
  flagOf,
  SETTING_NAMES,
  type SettingName,
} from '../../node/cli/settings.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const HASHNAME = `${'a'.repeat(51)}q`

/** For each setting three values, one a source, as people write them and as the program gets them. */
const VALUES: { [Name in SettingName]-?: [unknown, Configuration[Name]][] } = {
  maxSize: [
    ['2GB', 2_000_000_000],
    ['1.5MiB', 1_572_864],
    [500, 500],
  ],
  maxFileSize: [
    ['2GB', 2_000_000_000],
    ['1.5MiB', 1_572_864],
    [500, 500],
  ],
  with: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  offers: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  take: [
    ['50MB', { upTo: 50_000_000 }],
    ['always', 'always'],
    ['ask', 'ask'],
  ],
  withdraw: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  remove: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  files: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  title: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  to: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  from: [
    ['a b', 'a b'],
    ['b', 'b'],
    ['c', 'c'],
  ],
  maxFiles: [
    ['1', 1],
    ['20', 20],
    [300, 300],
  ],
  accept: [
    [
      ['image/*', '.pdf'],
      ['image/*', '.pdf'],
    ],
    ['image/* .pdf', ['image/*', '.pdf']],
    [['c/c'], ['c/c']],
  ],
  once: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  stopAfterFirst: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  ask: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  noCode: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  keep: [
    ['/kept', '/kept'],
    ['/a b', '/a b'],
    ['/c', '/c'],
  ],
  noQr: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  list: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  yes: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  overwrite: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  text: [
    ['two words', 'two words'],
    ['a, b', 'a, b'],
    ['c', 'c'],
  ],
  receivers: [
    ['1', 1],
    ['20', 20],
    [300, 300],
  ],
  untilMs: [
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    [60, 60_000],
  ],
  password: [
    [true, ''],
    ['two words', 'two words'],
    ['true', 'true'],
  ],
  only: [
    [
      ['a b.txt', '*.jpg'],
      ['a b.txt', '*.jpg'],
    ],
    ['a b.txt, *.jpg', ['a b.txt', '*.jpg']],
    [['c'], ['c']],
  ],
  ttlMs: [
    ['168h', 604_800_000],
    ['5m', 300_000],
    [60, 60_000],
  ],
  type: [
    ['text/markdown', 'text/markdown'],
    ['b/b', 'b/b'],
    ['c/c', 'c/c'],
  ],
  field: [
    [
      ['topic=news', 'empty='],
      [
        ['topic', 'news'],
        ['empty', ''],
      ],
    ],
    [
      'title=Rye, or wheat?, topic=bread\nempty=',
      [
        ['title', 'Rye, or wheat?'],
        ['topic', 'bread'],
        ['empty', ''],
      ],
    ],
    [['c=1'], [['c', '1']]],
  ],
  re: [
    ['a'.repeat(64), 'a'.repeat(64)],
    ['b'.repeat(64), 'b'.repeat(64)],
    ['0'.repeat(64), '0'.repeat(64)],
  ],
  join: [
    [['http://a.example'], ['http://a.example']],
    ['http://b.example', ['http://b.example']],
    [
      ['http://c.example', '/ip4/127.0.0.1/tcp/1/ws'],
      ['http://c.example', '/ip4/127.0.0.1/tcp/1/ws'],
    ],
  ],
  data: [
    ['/a', '/a'],
    ['b', resolve('b')],
    ['/c', '/c'],
  ],
  json: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  timeoutMs: [
    ['1s', 1000],
    ['20ms', 20],
    [3, 3000],
  ],
  port: [
    ['1', 1],
    ['2', 2],
    [3, 3],
  ],
  host: [
    ['::1', '::1'],
    ['0.0.0.0', '0.0.0.0'],
    ['c.example', 'c.example'],
  ],
  contentHost: [
    ['https://held.example', 'https://held.example'],
    ['http://held.example:81/', 'http://held.example:81'],
    ['https://held.b.example', 'https://held.b.example'],
  ],
  publicUrl: [
    ['https://a.example/', 'https://a.example'],
    ['http://b.example:81', 'http://b.example:81'],
    ['https://c.example', 'https://c.example'],
  ],
  allowOrigin: [
    [
      ['https://a.example', 'http://localhost:81/'],
      ['https://a.example', 'http://localhost:81'],
    ],
    ['*', ['*']],
    [
      ['null', 'chrome-extension://abcdefghijklmnop'],
      ['null', 'chrome-extension://abcdefghijklmnop'],
    ],
  ],
  token: [
    ['aaaa', 'aaaa'],
    ['b-b_b.b~', 'b-b_b.b~'],
    ['c/+c==', 'c/+c=='],
  ],
  trustProxy: [
    [true, true],
    ['off', false],
    [true, true],
  ],
  clientFetches: [
    ['1', 1],
    ['20', 20],
    [300, 300],
  ],
  clientRate: [
    ['0', 0],
    ['2MB', 2_000_000],
    [500_000, 500_000],
  ],
  messageRate: [
    ['500', 500],
    ['20', 20],
    [3, 3],
  ],
  peerRate: [
    ['1.5MiB', 1_572_864],
    ['1gb', 1_000_000_000],
    ['131072', 131_072],
  ],
  iceServer: [
    [
      ['stun:a.example', 'stuns:b.example:5349'],
      ['stun:a.example', 'stuns:b.example:5349'],
    ],
    ['turn:c.example:3478', ['turn:c.example:3478']],
    [['turns:[2001:db8::1]:443?transport=tcp'], ['turns:[2001:db8::1]:443?transport=tcp']],
  ],
  turnSecret: [
    ['a', 'a'],
    ['b/+=', 'b/+='],
    ['c c', 'c c'],
  ],
  logLevel: [
    ['warn', 'warn'],
    ['debug', 'debug'],
    ['silent', 'silent'],
  ],
  output: [
    ['a', 'a'],
    ['-', '-'],
    ['c', 'c'],
  ],
  waitMs: [
    ['1s', 1000],
    ['2m', 120_000],
    ['3', 3000],
  ],
  watch: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  skipOdd: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  skipHidden: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  limits: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  private: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  tap: [
    [
      ['#a', '#b'],
      ['#a', '#b'],
    ],
    ['#a, #b', ['#a', '#b']],
    [['#c'], ['#c']],
  ],
  rule: [
    [
      ['{"has":["a"]}', '[{"has":["b"]}]'],
      [{ has: ['a'] }, { has: ['b'] }],
    ],
    ['{"is":{"a":"b, c"},"has":["d"]}', [{ is: { a: 'b, c' }, has: ['d'] }]],
    [[{ has: ['a'] }], [{ has: ['a'] }]],
  ],
  policy: [
    ['known', 'known'],
    ['open', 'open'],
    ['known', 'known'],
  ],
  name: [
    [
      [`${HASHNAME}=Anna`, `${HASHNAME}=`],
      [
        { hashname: HASHNAME, name: 'Anna' },
        { hashname: HASHNAME, name: '' },
      ],
    ],
    [
      `${HASHNAME}=Berg, Anna, ${HASHNAME}=B=C`,
      [
        { hashname: HASHNAME, name: 'Berg, Anna' },
        { hashname: HASHNAME, name: 'B=C' },
      ],
    ],
    [[`${HASHNAME}=Anna, Berg`], [{ hashname: HASHNAME, name: 'Anna, Berg' }]],
  ],
  mute: [
    [[HASHNAME], [HASHNAME]],
    [`${HASHNAME} ${HASHNAME}`, [HASHNAME, HASHNAME]],
    [[HASHNAME], [HASHNAME]],
  ],
  keepDays: [
    ['1', 1],
    ['20', 20],
    [300, 300],
  ],
  trustClock: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  keepCount: [
    ['1', 1],
    ['20', 20],
    [300, 300],
  ],
  senderRate: [
    ['0', 0],
    ['20', 20],
    [300, 300],
  ],
  noView: [
    [true, true],
    ['no', false],
    [true, true],
  ],
  export: [
    [true, true],
    ['0', false],
    [true, true],
  ],
  receive: [
    ['a', 'a'],
    ['#b', '#b'],
    ['c', 'c'],
  ],
}

describe.each(SETTING_NAMES)('configuration: %s', (name) => {
  const [flag, environment, file] = VALUES[name] as [unknown, unknown][]

  test('comes from its flag before its variable, from that before the file, from that before the default', async () => {
    const configFile = await writeConfiguration({ [fileKeyOf(name)]: file?.[0] })
    const flags = { [name]: flag?.[0] } as ConfigurationInput['flags']
    const env = { [environmentVariableOf(name)]: String(environment?.[0]) }

    expect(await valueAndSource(name, { flags, env, configFile })).toEqual([flag?.[1], 'flag'])
    expect(await valueAndSource(name, { flags: {}, env, configFile })).toEqual([environment?.[1], 'environment'])
    expect(await valueAndSource(name, { flags: {}, env: {}, configFile })).toEqual([file?.[1], 'file'])
    expect(await valueAndSource(name, { flags: {}, env: { MAYFLY_CONFIG: configFile } })).toEqual([file?.[1], 'file'])
    if (name === 'data') return
    expect(await valueAndSource(name, { flags: {}, env: {} })).toEqual([defaultOf(name), 'default'])
  })

  test('an empty variable counts as unset', async () => {
    expect((await valueAndSource(name, { flags: {}, env: { [environmentVariableOf(name)]: '' } }))[1]).toBe('default')
  })
})

test.each<[SettingName, unknown]>([
  ['join', 'localhost:4000'],
  ['join', 'http://a.example/path'],
  ['json', 'maybe'],
  ['timeoutMs', 'soon'],
  ['timeoutMs', -1],
  ['port', 'http'],
  ['port', 65_536],
  ['port', 4000.5],
  ['port', '0x10'],
  ['port', ['1', '2']],
  ['port', null],
  ['port', {}],
  ['contentHost', 'held.example'],
  ['publicUrl', 'pages.example'],
  ['publicUrl', 'https://pages.example/a'],
  ['publicUrl', 'ftp://pages.example'],
  ['token', 'a b'],
  ['token', 'ä'],
  ['clientFetches', 0],
  ['clientFetches', 'many'],
  ['clientRate', 'fast'],
  ['clientRate', '100kB'],
  ['messageRate', 0],
  ['peerRate', '-1MB'],
  ['maxSize', 'much'],
  ['maxFileSize', '0'],
  ['untilMs', 'tomorrow'],
  ['receivers', 0],
  ['peerRate', '1PB'],
  ['logLevel', 'loud'],
  ['waitMs', '1 year'],
  ['policy', 'closed'],
  ['name', HASHNAME],
  ['name', 'anna=Anna'],
  ['mute', 'anna'],
  ['keepDays', 0],
  ['senderRate', -1],
])('configuration: refuses %s %j, from a file and from elsewhere', async (name, value) => {
  const refusal = expect.objectContaining({ code: 'ERR_BAD_OPTION' })
  const configFile = await writeConfiguration({ [fileKeyOf(name)]: value })
  await expect(readConfiguration({ flags: {}, env: {}, configFile })).rejects.toEqual(refusal)
  if (typeof value !== 'string') return
  await expect(readConfiguration({ flags: { [name]: value }, env: {} })).rejects.toEqual(refusal)
  await expect(readConfiguration({ flags: {}, env: { [environmentVariableOf(name)]: value } })).rejects.toEqual(refusal)
})

test.each<[string, string]>([
  ['an unknown key', '{"prot": 4000}'],
  ['a key of the object prototype', '{"constructor": "a"}'],
  ['an inner name', '{"timeoutMs": 4000}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['what is not JSON', 'port = 4000'],
])('configuration: refuses a file with %s', async (_, text) => {
  const directory = await createTemporaryDirectory()
  const configFile = join(directory, 'mayfly.json')
  await writeFile(configFile, text)
  await expect(readConfiguration({ flags: {}, env: {}, configFile })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

test('configuration: refuses a file that is not there', async () => {
  const configFile = join(await createTemporaryDirectory(), 'none.json')
  await expect(readConfiguration({ flags: {}, env: {}, configFile })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

test('configuration: a refusal names the origin of the value, and never shows a token', async () => {
  await expect(readConfiguration({ flags: { port: 'x' }, env: {} })).rejects.toThrow('--port')
  await expect(readConfiguration({ flags: {}, env: { MAYFLY_PORT: 'x' } })).rejects.toThrow('MAYFLY_PORT')
  const configFile = await writeConfiguration({ port: 'x' })
  await expect(readConfiguration({ flags: {}, env: {}, configFile })).rejects.toThrow(configFile)
  const refused = await readConfiguration({ flags: {}, env: { MAYFLY_TOKEN: 'a secret' } }).catch((error: Error) => error)
  expect((refused as Error).message).not.toContain('secret')
})

test('configuration: a variable may name several addresses', async () => {
  const env = { MAYFLY_JOIN: 'http://a.example, http://b.example\thttp://c.example' }
  expect((await valueAndSource('join', { flags: {}, env }))[0]).toEqual(['http://a.example', 'http://b.example', 'http://c.example'])
})

test('configuration: each repeatable setting may be a JSON array in its variable, with any spaces and commas', async () => {
  const fromVariable = async (name: SettingName, text: string) =>
    (await valueAndSource(name, { flags: {}, env: { [environmentVariableOf(name)]: text } }))[0]
  expect(await fromVariable('field', '["title=Rye or wheat?, x=1", "topic=a b"]')).toEqual([
    ['title', 'Rye or wheat?, x=1'],
    ['topic', 'a b'],
  ])
  expect(await fromVariable('join', '["http://a.example"]')).toEqual(['http://a.example'])
  expect(await fromVariable('tap', '[]')).toEqual([])
  await expect(fromVariable('field', '[title=a')).rejects.toThrow('MAYFLY_FIELD: expected a JSON array')
})

test('configuration: an empty list is a value: a node that joins nobody, and a command that has nobody to ask', async () => {
  const configFile = await writeConfiguration({ join: [], tap: [] })
  expect(await valueAndSource('join', { flags: {}, env: {}, configFile, command: 'get' })).toEqual([[], 'file'])
})

test('configuration: a sub-command may have defaults of its own', async () => {
  expect(await valueAndSource('join', { flags: {}, env: {}, command: 'start' })).toEqual([[], 'default'])
})

test('configuration: a secret that nobody gave is none', async () => {
  expect(await valueAndSource('password', { flags: {}, env: {} })).toEqual([undefined, 'default'])
})

test('configuration: data is kept where the XDG specification says', async () => {
  const dataOf = async (env: Record<string, string>) => (await valueAndSource('data', { flags: {}, env }))[0]
  expect(await dataOf({ XDG_DATA_HOME: '/x', HOME: '/h' })).toBe('/x/mayfly')
  expect(await dataOf({ HOME: '/h' })).toBe('/h/.local/share/mayfly')
  expect(await dataOf({ XDG_DATA_HOME: 'relative', HOME: '/h' })).toBe('/h/.local/share/mayfly')
})

test('configuration: the names of a setting follow from each other', () => {
  expect([flagOf('publicUrl'), environmentVariableOf('publicUrl'), fileKeyOf('publicUrl')]).toEqual([
    '--public-url',
    'MAYFLY_PUBLIC_URL',
    'publicUrl',
  ])
  expect([flagOf('timeoutMs'), environmentVariableOf('timeoutMs'), fileKeyOf('timeoutMs')]).toEqual([
    '--timeout',
    'MAYFLY_TIMEOUT',
    'timeout',
  ])
  expect([flagOf('noView'), environmentVariableOf('noView'), fileKeyOf('noView')]).toEqual(['--no-view', 'MAYFLY_NO_VIEW', 'noView'])
})

async function valueAndSource(name: SettingName, input: ConfigurationInput): Promise<[unknown, string]> {
  const { configuration, sources } = await readConfiguration(input)
  return [configuration[name], sources[name]]
}

async function writeConfiguration(settings: Record<string, unknown>): Promise<string> {
  const path = join(await createTemporaryDirectory(), 'mayfly.json')
  await writeFile(path, JSON.stringify(settings))
  return path
}

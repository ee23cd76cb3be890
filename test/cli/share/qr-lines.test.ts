import { generate } from 'lean-qr'
import { expect, test } from 'vitest'
import { qrLines } from '../../../node/cli/share/qr-lines.ts'

const LINK = `https://mayfly.example/s/${'a'.repeat(52)}#${'b'.repeat(29)}`

test('qr: two rows in a line, dark on light, with the margin that cameras need', () => {
  const code = generate(LINK)
  const lines = qrLines(code, 80) ?? []
  expect(lines).toHaveLength(Math.ceil((code.size + 8) / 2))
  const drawn = lines.map((line) => {
    expect(line.startsWith('\u001b[30;107m') && line.endsWith('\u001b[0m')).toBe(true)
    return line.slice(9, -4)
  })
  const isDark = (x: number, y: number) =>
    '█▀▄ '.indexOf(drawn[(y + 4) >> 1]?.[x + 4] ?? '') >= 0 && darkHalf(drawn[(y + 4) >> 1]?.[x + 4], y)
  for (let y = -4; y < code.size + 4; y++) for (let x = -4; x < code.size + 4; x++) expect(isDark(x, y)).toBe(code.get(x, y))
})

function darkHalf(half: string | undefined, y: number): boolean {
  return half === '█' || half === (y % 2 === 0 ? '▀' : '▄')
}

test('qr: none on a terminal that is too narrow', () => {
  expect(qrLines(generate(LINK), 40)).toBeUndefined()
})

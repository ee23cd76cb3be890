import { describe, expect, it } from 'vitest'
import { lookedAtBytes, phaseOf, UPLOADS_DEFAULTS, Uploads, uploadsOf } from '../../../browser/activity/uploads.ts'

describe('uploads', () => {
  it('are summed by peer, over the files of a bundle too', () => {
    const uploads = new Uploads(() => 7)
    uploads.add('x', 'one', 10, false)
    uploads.add('x', 'two', 5, false)
    uploads.add('x', 'one', 1, true)
    uploads.add('y', 'two', 7, false)
    expect(uploads.all.get().get('x')).toEqual([
      { peer: 'two', bytes: 5, isDirect: false, lastAtMs: 7 },
      { peer: 'one', bytes: 11, isDirect: true, lastAtMs: 7 },
    ])
    expect(uploadsOf(uploads.all.get(), ['x', 'y', 'z'])).toEqual([
      { peer: 'two', bytes: 12, isDirect: false, lastAtMs: 7 },
      { peer: 'one', bytes: 11, isDirect: true, lastAtMs: 7 },
    ])
  })

  it('have a row once somebody has read more than the beginning, which ends when all is sent or nothing is asked for', () => {
    const upload = (bytes: number, lastAtMs = 0) => ({ peer: 'one', bytes, isDirect: false, lastAtMs })
    const size = 50 * 1_048_576
    const look = lookedAtBytes(size)
    expect(look).toBe(2 * 1_048_576)
    expect(phaseOf(upload(look), size, 0)).toBeUndefined()
    expect(phaseOf(upload(look + 1), size, 9_999)).toBe('reading')
    expect(phaseOf(upload(look + 1), size, 10_000)).toBe('stopped')
    expect(phaseOf(upload(size - 1, 10_000), size, 10_001)).toBe('reading')
    expect(phaseOf(upload(size), size, 99_999)).toBe('done')
    expect(phaseOf(upload(1_000_000), 1_000_000, 0)).toBe('done')
    expect(lookedAtBytes(3 * 1_073_741_824)).toBe(8 * 1_048_576)
    expect(phaseOf(upload(1_000), 1_000, 0)).toBeUndefined()
  })

  it('are bounded by peer and by content, oldest out first', () => {
    const uploads = new Uploads()
    for (let i = 0; i <= UPLOADS_DEFAULTS.maxPerContent; i++) uploads.add('x', `peer ${i}`, 1, false)
    const known = uploads.all.get().get('x') ?? []
    expect(known).toHaveLength(UPLOADS_DEFAULTS.maxPerContent)
    expect(known[0]?.peer).toBe('peer 1')
    for (let i = 0; i < UPLOADS_DEFAULTS.maxContents; i++) uploads.add(`content ${i}`, 'one', 1, false)
    expect(uploads.all.get().size).toBe(UPLOADS_DEFAULTS.maxContents)
    expect(uploads.all.get().has('x')).toBe(false)
  })
})

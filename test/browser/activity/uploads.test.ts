import { describe, expect, it } from 'vitest'
import { UPLOADS_DEFAULTS, Uploads, uploadsOf } from '../../../browser/activity/uploads.ts'

describe('uploads', () => {
  it('are summed by peer, over the files of a bundle too', () => {
    const uploads = new Uploads()
    uploads.add('x', 'one', 10, false)
    uploads.add('x', 'two', 5, false)
    uploads.add('x', 'one', 1, true)
    uploads.add('y', 'two', 7, false)
    expect(uploads.all.get().get('x')).toEqual([
      { peer: 'two', bytes: 5, isDirect: false },
      { peer: 'one', bytes: 11, isDirect: true },
    ])
    expect(uploadsOf(uploads.all.get(), ['x', 'y', 'z'])).toEqual([
      { peer: 'two', bytes: 12, isDirect: false },
      { peer: 'one', bytes: 11, isDirect: true },
    ])
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

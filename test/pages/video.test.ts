/** A video that is held behind another node, in a real Chromium: it plays, and seeking reads little more than the needed bytes. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Seconds of encoded noise, and its repetitions: some 80 MB, much more than a browser reads ahead. */
const CLIP_SECONDS = 5
const REPEATS = 20
const SECONDS = CLIP_SECONDS * REPEATS
const TIMEOUT_MS = 40_000

const nodes = useNodePair()
const chromium = useChromium({ flags: ['--autoplay-policy=no-user-gesture-required'] })

async function makeVideo(directory: string): Promise<string> {
  const [clip, path] = [join(directory, 'clip.webm'), join(directory, 'video.webm')]
  const source = `testsrc=size=320x240:rate=15:duration=${CLIP_SECONDS},noise=alls=80:allf=t`
  const codec = '-c:v libvpx -b:v 8M -minrate 8M -maxrate 8M -bufsize 8M -g 15 -deadline realtime -cpu-used 8'
  for (const args of [
    ['-f', 'lavfi', '-i', source, ...codec.split(' '), clip],
    ['-stream_loop', String(REPEATS - 1), '-i', clip, '-c', 'copy', path],
  ]) {
    expect(await runProgram('ffmpeg', ['-v', 'error', ...args])).toMatchObject({ code: 0, stderr: '' })
  }
  return path
}

test('video: a person opens the link, seeks to 80 %, and it goes on from there; half of the file is never fetched', {
  timeout: 120_000,
}, async () => {
  const path = await makeVideo(await createTemporaryDirectory())
  const { size } = await stat(path)
  const holder = spawnMayfly(['hold', path, '--json', '--join', nodes.near.url])
  const { url } = JSON.parse(await holder.stdout.waitFor((line) => line.includes('"url"'))) as { url: string }
  const fetched = async () => {
    const { counts } = (await (await fetch(`${nodes.far.url}/api/v1/status`)).json()) as { counts: { bytesFetched: number } }
    return counts.bytesFetched
  }
  const before = await fetched()

  const page = await chromium.newPage()
  const { pathname, search } = new URL(url)
  await page.goto(nodes.far.url + pathname + search)
  const video = page.locator('video#content')
  await video.waitFor({ timeout: TIMEOUT_MS })
  const at = () => video.evaluate(({ currentTime, duration, readyState }: HTMLVideoElement) => ({ currentTime, duration, readyState }))
  await waitFor(async () => (await at()).readyState >= 2, TIMEOUT_MS, 'its first picture is there')
  // Without the index at the file's end, a browser would read on to the position. A person is slower than that.
  let last = -1
  let still = 0
  const isStill = async () => {
    const now = await fetched()
    still = now === last ? still + 1 : 0
    last = now
    return still === 50
  }
  await waitFor(isStill, TIMEOUT_MS, 'nothing is fetched ahead any more')
  expect((await at()).duration).toBeCloseTo(SECONDS, 0)
  await video.evaluate((element: HTMLVideoElement, time) => {
    element.muted = true
    element.currentTime = time
  }, SECONDS * 0.8)
  await waitFor(async () => (await at()).readyState >= 3, TIMEOUT_MS, 'there is a picture')
  expect((await at()).currentTime).toBeCloseTo(SECONDS * 0.8, 1)
  expect((await fetched()) - before).toBeLessThan(size / 2)

  await video.evaluate((element: HTMLVideoElement) => element.play())
  await waitFor(async () => (await at()).currentTime > SECONDS * 0.8 + 1, TIMEOUT_MS, 'it plays')
  expect(await video.evaluate((element: HTMLVideoElement) => element.getVideoPlaybackQuality().totalVideoFrames)).toBeGreaterThan(5)
})

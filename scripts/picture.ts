/**
 * Draws the picture of the README: starts two nodes, makes a page in a real Chromium, opens it through the other node, and writes what
 * stands on the screen as an SVG of boxes and words, so that the picture is text and shows the app as it is.
 *
 *   node scripts/picture.ts [FILE]
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Frame } from 'playwright-core'
import { findChromium } from './chromium.ts'

const FILE = process.argv[2] ?? new URL('../browser/picture.svg', import.meta.url).pathname
const SIZE = { width: 960, height: 720 }
const PAGE = `<!doctype html><title>Fresh bread</title>
<body style="font: 16px sans-serif; margin: 24px; color: #402a12">
<h1>Fresh bread today</h1>
<p>Rye and spelt, out of the oven at seven.</p>
<p>This page is here until we close the shop.</p>`

interface Box {
  x: number
  y: number
  width: number
  height: number
  radius: number
  fill: string
  stroke: string
}
interface Words {
  x: number
  y: number
  text: string
  size: number
  weight: string
  family: string
  fill: string
}

/** Runs in the page. Returns the visible parts, boxes first. */
function see(): { boxes: Box[]; words: Words[] } {
  const boxes: Box[] = []
  const words: Words[] = []
  const isClear = (colour: string) => /^rgba\(.*, 0\)$|^transparent$/.test(colour)
  for (const element of document.querySelectorAll('body, body *')) {
    const style = getComputedStyle(element)
    const { x, y, width, height } = element.getBoundingClientRect()
    if (width < 2 || height < 2 || style.visibility === 'hidden' || Number(style.opacity) === 0) continue
    const hasBorder = Number.parseFloat(style.borderTopWidth) > 0 && !isClear(style.borderTopColor)
    if (!isClear(style.backgroundColor) || hasBorder) {
      const radius = Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, width / 2, height / 2)
      const fill = isClear(style.backgroundColor) ? 'none' : style.backgroundColor
      boxes.push({ x, y, width, height, radius, fill, stroke: hasBorder ? style.borderTopColor : 'none' })
    }
    const look = { size: Number.parseFloat(style.fontSize), weight: style.fontWeight, family: style.fontFamily, fill: style.color }
    if (element instanceof HTMLInputElement) words.push({ ...look, x: x + 12, y: y + height / 2 + look.size / 3, text: element.value })
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE) continue
      for (const match of (node.textContent ?? '').matchAll(/\S+/g)) {
        const range = document.createRange()
        range.setStart(node, match.index)
        range.setEnd(node, match.index + match[0].length)
        const at = range.getBoundingClientRect()
        if (at.width > 0 && at.height > 1) words.push({ ...look, x: at.x, y: at.y + at.height * 0.78, text: match[0] })
      }
    }
  }
  return { boxes, words }
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
const round = (value: number) => Math.round(value * 10) / 10

async function draw(frame: Frame, dx: number, dy: number): Promise<string[]> {
  const { boxes, words } = await frame.evaluate(see)
  return [
    ...boxes.map(
      ({ x, y, width, height, radius, fill, stroke }) =>
        `<rect x="${round(x + dx)}" y="${round(y + dy)}" width="${round(width)}" height="${round(height)}" rx="${round(radius)}" fill="${fill}" stroke="${stroke}"/>`,
    ),
    ...words.map(
      ({ x, y, text, size, weight, family, fill }) =>
        `<text x="${round(x + dx)}" y="${round(y + dy)}" font-size="${size}" font-weight="${weight}" font-family="${escaped(family)}" fill="${fill}">${escaped(text)}</text>`,
    ),
  ]
}

/** A picture of the page's own, put where the page shows it. */
function nested(svg: string, { x, y, width, height }: { x: number; y: number; width: number; height: number }): string {
  const body = svg.replace(/<\?xml[^>]*>\s*/, '').replace(/\s(?:width|height)="[^"]*"/g, '')
  return body.replace('<svg ', `<svg x="${x}" y="${y}" width="${width}" height="${height}" `).trim()
}

async function startNode(data: string, args: string[]): Promise<{ url: string; stop(): void }> {
  const main = new URL('../node/cli/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main, 'start', '--json', '--data', data, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString())))
  return { url: JSON.parse(line).url, stop: () => child.kill() }
}

const executablePath = findChromium()
if (executablePath === undefined) throw new Error('No Chromium on this machine: `npm test` installs one, or set CHROMIUM_PATH')
const folder = mkdtempSync(join(tmpdir(), 'mayfly-picture-'))
const first = await startNode(join(folder, 'a'), ['--port', '4000', '--log-level', 'warn'])
const second = await startNode(join(folder, 'b'), ['--port', '4001', '--log-level', 'warn', '--join', first.url])
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  const options = { viewport: SIZE, colorScheme: 'light' as const, locale: 'en-GB', timezoneId: 'UTC' }
  const author = await (await browser.newContext(options)).newPage()
  await author.goto(first.url)
  await author.locator('[data-testid="connection"][data-state="joined"]').waitFor()
  await author.getByLabel('Your page').fill(PAGE)
  await author.getByTestId('make').click()
  await author.getByTestId('page-link').waitFor()
  const visitor = await (await browser.newContext(options)).newPage()
  await visitor.goto(`${second.url}${new URL(author.url()).pathname}`)
  await author.locator('[data-testid="count"][data-count="2"]').waitFor()
  await author.frameLocator('#content').getByText('Rye and spelt').waitFor()
  const shapes = await draw(author.mainFrame(), 0, 0)
  const mark = author.locator('img[src$=".svg"]').first()
  const markAt = await mark.boundingBox()
  if (markAt !== null) shapes.push(nested(readFileSync(new URL('../browser/mark.svg', import.meta.url), 'utf8'), markAt))
  const place = await author.locator('#content').boundingBox()
  const inner = author.frames().find((frame) => frame !== author.mainFrame())
  if (place !== null && inner !== undefined) shapes.push(...(await draw(inner, place.x, place.y)))
  const { width, height } = SIZE
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`
  const title = '<title>The app in a browser: a page, its link, and how many hold it</title>'
  writeFileSync(FILE, `${[head, title, ...shapes, '</svg>'].join('\n')}\n`)
} finally {
  await browser.close()
  first.stop()
  second.stop()
  rmSync(folder, { recursive: true, force: true })
}

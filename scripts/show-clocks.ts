/**
 * Shows a network in which one clock is wrong: of a sender, its home, a record node or a receiver, behind and ahead, from the start and by a step
 * while it runs. In each case a page is read and a message sent. Ends with 1 where that fails and nobody says why.
 *
 *   npm run show-clocks                 some ten minutes; needs Debian's `faketime`
 *   npm run show-clocks -- --short      a few telling cases
 */

import { type ClockCase, clockCases, runClockCase, SHORT_CASES, startClockNetwork } from './bench/clock-network.ts'

const cases = process.argv.includes('--short') ? SHORT_CASES : clockCases()
const row = (cells: string[]) => console.log(`| ${cells.join(' | ')} |`)
const nameOf = ({ role, offset, isStep }: ClockCase) => [role, offset, isStep ? 'a step' : 'the start']

await using network = await startClockNetwork()
row(['wrong clock', 'by', 'from', 'page', 'message', 'said', 'put right'])
row(new Array(7).fill('---'))
for (const each of cases) {
  const { page, message, said, putRight, isSilent } = await runClockCase(network, each)
  row([...nameOf(each), page, message, said, putRight].map((cell) => cell.replaceAll('|', '/')))
  if (isSilent) process.exitCode = 1
}

/** Lists the faults that `test/scripts/style.test.ts` counts, with file and line: `node scripts/check-style.ts [folder…]`. */

import { findHeadless, findLongLines } from './checks/language.ts'
import { findLargeContexts, findLongFiles, findLongFunctions } from './checks/structure.ts'
import { COMMENTED, DOCUMENTS, PRODUCT } from './checks/style.ts'
import { readTrackedFiles } from './checks/tracked-files.ts'

const folders = process.argv.slice(2)
const isWanted = ({ path }: { path: string }) => folders.length === 0 || folders.some((folder) => path.startsWith(folder))

const commented = readTrackedFiles(COMMENTED).filter(isWanted)
const documents = readTrackedFiles(DOCUMENTS).filter(isWanted)
const product = readTrackedFiles(PRODUCT).filter(isWanted)

const headless = commented.flatMap(findHeadless)
const long = documents.flatMap(findLongLines)
for (const { path, line, text } of headless) console.log(`${path}:${line} no subject: ${text.slice(0, 100)}`)
for (const { path, line, text } of long) console.log(`${path}:${line} ${text.length} characters`)
const oversized = [...product.flatMap(findLongFunctions), ...product.flatMap(findLargeContexts), ...product.flatMap(findLongFiles)]
for (const { path, line, name, size } of oversized) console.log(`${path}:${line} ${name}: ${size}`)
console.log(`${headless.length} sentences without a subject, ${long.length} long lines, ${oversized.length} oversized`)

/** The Node.js that the command needs. It imports nothing, so that an older one gets as far as the words below, and not into a stack trace. */

/** As `engines` in package.json says. */
const OLDEST = { major: 22, minor: 18 }

/** Why this Node.js cannot run the command, and what to do; undefined for one that can. @param version such as `22.18.0` */
export function findNodeFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return undefined
  return `mayfly needs Node.js ${OLDEST.major}.${OLDEST.minor} or newer, and this is ${version}: install a newer one from https://nodejs.org`
}

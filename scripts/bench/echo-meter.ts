/** Round trips of whatever answers: one after the other, and many at once. Runs in a page as well as in Node.js. */

/** One round trip. */
export type Echo = (value: EchoValue) => Promise<unknown>

export interface EchoValue {
  text: string
  n: number
}

export interface EchoReading {
  /** Of one round trip, in µs; each is the mean of some in a row. */
  us: number[]
  /** Round trips per second, many at once. */
  rate: number
}

export interface EchoLoad {
  oneByOne: number
  many: number
  atOnce: number
}

/** A page's clock goes in steps of a tenth of a millisecond: a reading is the mean of so many round trips. */
const IN_A_ROW = 10
const VALUE: EchoValue = { text: 'hello', n: 5 }

export async function measureEcho(echo: Echo, { oneByOne, many, atOnce }: EchoLoad): Promise<EchoReading> {
  const us: number[] = []
  for (let i = 0; i < oneByOne; i += IN_A_ROW) {
    const startedAtMs = performance.now()
    for (let j = 0; j < IN_A_ROW; j++) await echo(VALUE)
    us.push(((performance.now() - startedAtMs) * 1_000) / IN_A_ROW)
  }
  const startedAtMs = performance.now()
  let begun = 0
  const line = async () => {
    while (begun++ < many) await echo(VALUE)
  }
  await Promise.all(Array.from({ length: atOnce }, line))
  return { us, rate: many / ((performance.now() - startedAtMs) / 1_000) }
}

/** Pairs what is sent with what comes back, by number: for channels that carry messages. */
export function createMessageEcho(send: (message: [number, EchoValue]) => void): {
  echo: Echo
  onMessage(message: [number, unknown]): void
} {
  /** Bounded by the round trips under way. */
  const waiting = new Map<number, (value: unknown) => void>()
  let last = 0
  return {
    echo: (value) =>
      new Promise((resolve) => {
        const id = ++last
        waiting.set(id, resolve)
        send([id, value])
      }),
    onMessage([id, value]) {
      waiting.get(id)?.(value)
      waiting.delete(id)
    },
  }
}

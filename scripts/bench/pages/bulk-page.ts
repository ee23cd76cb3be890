/** Functions of a benchmark page that its test process calls, and the variable that holds them. */

/** The functions by name: one argument that can be written as JSON, and such an answer. */
export type PageCalls = Record<string, (argument: never) => unknown>

declare global {
  interface Window {
    benchCalls?: PageCalls
  }
}

/** The JSON behind the number sign of the page's address; undefined when nothing is there. */
export function readPageLink<T>(): T | undefined {
  const text = decodeURIComponent(location.hash.slice(1))
  return text === '' ? undefined : (JSON.parse(text) as T)
}

export function answerCalls(calls: object): void {
  window.benchCalls = calls as PageCalls
}

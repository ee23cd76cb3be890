/** Functions of a benchmark page that its test process calls, and the variable that holds them. */

/** The functions by name: one argument that can be written as JSON, and such an answer. */
export type PageCalls = Record<string, (argument: never) => unknown>

declare global {
  interface Window {
    benchCalls?: PageCalls
  }
}

export function answerCalls(calls: object): void {
  window.benchCalls = calls as PageCalls
}

/** A module's schema at the door: what is wrong with an input is told in words that hold nothing of the input itself. */

import { CALL_LIMITS } from '../format/call-frames.ts'
import type { InputIssue, Schema, SchemaResult } from '../types.ts'

export type CheckedInput = { input: unknown } | { issues: InputIssue[] }

/** A promise only where the schema answers with one. @throws what the schema throws */
export function checkInput(schema: Schema | undefined, input: unknown): CheckedInput | Promise<CheckedInput> {
  if (schema === undefined) return { input }
  const result = schema['~standard'].validate(input)
  return result instanceof Promise ? result.then(readResult) : readResult(result)
}

/** As much as travels. Issues of some libraries contain the input, or cannot be cloned. */
function readResult(result: SchemaResult<unknown>): CheckedInput {
  if (result.issues === undefined) return { input: result.value }
  const issues = result.issues.slice(0, CALL_LIMITS.maxIssues).map(({ message, path = [] }) => ({
    message: shortText(message),
    path: path.slice(0, CALL_LIMITS.maxPathSteps).map((step) => readStep(typeof step === 'object' ? step.key : step)),
  }))
  return { issues }
}

const readStep = (step: PropertyKey) =>
  typeof step === 'number' && Number.isSafeInteger(step) && step >= 0 ? step : shortText(String(step))

/** A text that an error frame takes. */
export function shortText(text: string): string {
  return text.length <= CALL_LIMITS.maxTextLength ? text : `${text.slice(0, CALL_LIMITS.maxTextLength - 1)}…`
}

/** All issues in one line, each with the part of the input that it is about. */
export function issueText(issues: readonly InputIssue[]): string {
  return shortText(issues.map(({ message, path }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; '))
}

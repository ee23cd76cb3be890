/** An error in words, announced to screen readers; nothing while there is none. */

export function Problem({ text, testid }: { text: string | undefined; testid?: string }) {
  if (!text) return null
  return (
    <p class="problem" role="alert" data-testid={testid}>
      {text}
    </p>
  )
}

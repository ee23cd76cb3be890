/** Verification words: both sides compare them, aloud or face to face. */
export function ComparedWords({ words }: { words: readonly string[] }) {
  return (
    <p role="status" data-testid="words">
      Done. If you can, compare these words with the other side: <strong>{words.join(' ')}</strong>. If theirs differ, somebody stands
      between you: remove the contact.
    </p>
  )
}

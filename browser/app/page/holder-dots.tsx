/** One dot for each holder, up to a dozen: the number beside it says the same, so it is hidden from readers of the page. */

const MOST_DOTS = 12

export function HolderDots({ count }: { count: number | undefined }) {
  const dots = Math.min(count ?? 0, MOST_DOTS)
  return (
    <span class="dots" aria-hidden="true">
      {dots === 0 ? <i class="dot none" /> : Array.from({ length: dots }, (_, i) => <i key={i} class="dot" />)}
    </span>
  )
}

/** One dot for each holder, up to a dozen. Hidden from screen readers: the number beside the dots says the same. */

const MOST_DOTS = 12

export function HolderDots({ count }: { count: number | undefined }) {
  const dots = Math.min(count ?? 0, MOST_DOTS)
  return (
    <span class="dots" aria-hidden="true">
      {dots === 0 ? <i class="dot none" /> : Array.from({ length: dots }, (_, i) => <i key={i} class="dot" />)}
    </span>
  )
}

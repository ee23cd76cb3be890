/** Rate limit for pushes: the first change of a burst is pushed at once, the last at its end, and at most one in a while. */
export function createPusher(push: () => void, everyMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false

  const pushNow = () => {
    again = false
    timer = setTimeout(() => {
      timer = undefined
      if (again) pushNow()
    }, everyMs)
    push()
  }
  return {
    changed() {
      if (timer === undefined) pushNow()
      else again = true
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
      again = false
    },
  }
}

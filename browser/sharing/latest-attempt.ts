/** The latest of several attempts: of one that was stopped, or was followed by another, nothing more is done or said. */
export class LatestAttempt {
  #count = 0

  /** Begins another one. */
  next(): void {
    this.#count++
  }

  /** Goes on with the one that has begun. @param work asks before each step whether it is still wanted @param onFailed hears why it has failed */
  async run(work: (isWanted: () => boolean) => Promise<void>, onFailed: (error: unknown) => void): Promise<void> {
    const attempt = this.#count
    const isWanted = () => this.#count === attempt
    try {
      await work(isWanted)
    } catch (error) {
      if (isWanted()) onFailed(error)
    }
  }
}

/** A clock that is set by hand. */
export class Clock {
  time: number = Date.UTC(2025, 9, 1)

  readonly now = (): number => this.time

  /** Goes on, or back. */
  move(ms: number): void {
    this.time += ms
  }

  get date(): Date {
    return new Date(this.time)
  }
}

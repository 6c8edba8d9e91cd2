/** What has a place in the log and an identity of its own. */
export interface Placed {
  readonly id: string
  readonly streamId: string
  /** `<generation>:<commit>:<index>`. */
  readonly position: string
}

/** The most events kept in the page. */
export const liveLimit = 300

function placeOf({ position }: Placed): readonly [commit: number, index: number] {
  const [, commit, index] = position.split(':')
  return [Number(commit), Number(index)]
}

function newestFirst(a: Placed, b: Placed): number {
  const [commitA, indexA] = placeOf(a)
  const [commitB, indexB] = placeOf(b)
  return commitB - commitA || indexB - indexA
}

/** Both lists as one: each event once, newest first, the latest {@link liveLimit}. */
export function mergeEvents<Event extends Placed>(
  some: readonly Event[],
  others: readonly Event[],
): readonly Event[] {
  const byId = new Map([...others, ...some].map((event) => [`${event.streamId}/${event.id}`, event]))
  return [...byId.values()].toSorted(newestFirst).slice(0, liveLimit)
}

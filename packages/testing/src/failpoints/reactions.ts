import { setFailpointHandler } from '@millrace/contracts'

/** What a test does when a place is reached; a promise holds the code there. */
export type Reaction = (name: string) => void | Promise<void>

// The process has one handler, tests may want several reactions at once.
const reactions = new Set<Reaction>()

async function inTurn(pending: Promise<void>, rest: Iterable<Reaction>, name: string): Promise<void> {
  await pending
  for (const reaction of rest) await reaction(name)
}

/** Stays synchronous while the reactions do. */
function dispatch(name: string): void | Promise<void> {
  const rest = [...reactions].values()
  for (const reaction of rest) {
    const pending = reaction(name)
    if (pending !== undefined) return inTurn(pending, rest, name)
  }
}

/** Has every failpoint of the process told to a reaction until it is disposed of. Replaces a handler set by hand. */
export function react(reaction: Reaction): Disposable {
  const own: Reaction = (name) => reaction(name)
  reactions.add(own)
  setFailpointHandler(dispatch)
  return {
    [Symbol.dispose]: () => {
      reactions.delete(own)
      if (reactions.size === 0) setFailpointHandler(undefined)
    },
  }
}

import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again every few milliseconds until the condition holds. @throws when the deadline has passed */
export async function until(
  condition: () => Promise<boolean> | boolean,
  { what, deadlineMs = 20_000 }: { readonly what: string; readonly deadlineMs?: number },
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`)
    await sleep(2)
  }
}

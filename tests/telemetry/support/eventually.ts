import { expect } from 'vitest'

/** `expect.poll` with a deadline that a busy machine keeps, asked often. */
export function eventually<T>(get: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> {
  return expect.poll(get, { timeout: 20_000, interval: 20 })
}

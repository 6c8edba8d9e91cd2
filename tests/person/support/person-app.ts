import { defineApp, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createIdFactory } from '@millrace/contracts'
import { definePerson } from '@millrace/person'
import type { Processor } from '@millrace/processing'
import type { AppPlaceKind } from '@millrace/tools/apps'
import { afterAll, beforeAll } from 'vitest'

import { newPlace } from './place.ts'

const mint = createIdFactory()

/** An id that no other test uses. */
export function fresh(name: string): string {
  return `${name}-${mint().toLowerCase()}`
}

/** Opens the person app once for the tests of a block, with processors of theirs; what is returned gives it to them. */
export function personApp(kind: AppPlaceKind, processors: readonly Processor[] = []): () => App {
  const open = new AsyncDisposableStack()
  let app: App | undefined
  beforeAll(async () => {
    const { name, decoding, settings } = definePerson()
    const place = open.use(await newPlace(kind))
    app = open.use(await openApp(defineApp({ name, decoding, settings, processors }), { env: place.env }))
  }, 240_000)
  afterAll(() => open.disposeAsync(), 60_000)
  return () => {
    if (app === undefined) throw new Error('the app is open in tests only')
    return app
  }
}

/** Asks until the answer passes, for at most thirty seconds. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  passes: (answer: Answer) => boolean,
): Promise<Answer> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(`never came true; the last answer: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

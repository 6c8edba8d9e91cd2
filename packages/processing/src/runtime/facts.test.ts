import { once } from 'node:events'

import { expect, test } from 'vitest'

import { FactHub } from './facts.ts'
import type { ProcessingFact } from './facts.ts'

const fact: ProcessingFact = { kind: 'attempts-unknown', processor: 'p', partition: 0, count: 1 }

test('a listener hears until it stops, and twice if it listens twice', () => {
  const hub = new FactHub()
  const heard: ProcessingFact[] = []
  const listener = (each: ProcessingFact): void => void heard.push(each)
  const stop = hub.add(listener)
  hub.add(listener)
  hub.tell(fact)
  stop()
  hub.tell(fact)
  expect(heard).toHaveLength(3)
})

test('a listener that throws is told as a warning and harms nobody', async () => {
  const hub = new FactHub()
  const heard: ProcessingFact[] = []
  hub.add(() => {
    throw new Error('broken listener')
  })
  hub.add((each) => void heard.push(each))
  const warned = once(process, 'warning')
  hub.tell(fact)
  const [warning] = (await warned) as [Error]
  expect(warning.message).toBe('broken listener')
  expect(heard).toHaveLength(1)
})

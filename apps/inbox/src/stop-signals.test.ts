import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { StopSignals } from './stop-signals.ts'

class FakeProcess extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

test('the first signal asks to stop, the second ends the process', () => {
  const source = new FakeProcess()
  using stop = new StopSignals(source)
  source.emit('SIGTERM', 'SIGTERM')
  expect(stop.signal.aborted).toBe(true)
  expect(source.exits).toEqual([])
  source.emit('SIGINT', 'SIGINT')
  expect(source.exits).toEqual([130])
})

test('afterwards signals are left to others', () => {
  const source = new FakeProcess()
  new StopSignals(source)[Symbol.dispose]()
  expect(source.eventNames()).toEqual([])
})

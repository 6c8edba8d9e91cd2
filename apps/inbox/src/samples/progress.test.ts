import { Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { showProgress } from './progress.ts'

function sink(isTTY: boolean): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  let text = ''
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  return {
    stream: Object.assign(stream, { isTTY, cursorTo: () => true, columns: 80 }) as never,
    text: () => text,
  }
}

test('without a terminal there is a line for each tenth', () => {
  const { stream, text } = sink(false)
  const progress = showProgress('samples', 329, stream)
  for (let sent = 1; sent <= 329; sent++) progress.update(sent)
  progress.stop()
  const lines = text().trimEnd().split('\n')
  expect(lines).toHaveLength(11)
  expect(lines[0]).toBe('samples 0 % (0 of 329)')
  expect(lines[10]).toBe('samples 100 % (329 of 329)')
})

test('on a terminal there is a bar', () => {
  const { stream, text } = sink(true)
  const progress = showProgress('samples', 2, stream)
  progress.update(2)
  progress.stop()
  expect(text()).toContain('100 % | 2 of 2')
})

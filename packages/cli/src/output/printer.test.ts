import { PassThrough, Writable } from 'node:stream'

import { expect, test } from 'vitest'

import type { CliIo } from '../io.ts'
import { Printer } from './printer.ts'

function ioWith(stdout: CliIo['stdout'], env: CliIo['env'] = {}): CliIo {
  const interrupted = (): AbortSignal => AbortSignal.abort()
  return { stdout, stderr: new PassThrough(), env, cwd: '/', user: 'ann', interrupted }
}

test('colours are for terminals that want them', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  expect(new Printer(ioWith(terminal), false).mark('bad', 'down')).toBe('\u001b[31mdown\u001b[39m')
  expect(new Printer(ioWith(terminal, { NO_COLOR: '1' }), false).mark('bad', 'down')).toBe('down')
  expect(new Printer(ioWith(new PassThrough()), false).mark('good', 'ok')).toBe('ok')
})

test('a reader that went away is told to the writer', async () => {
  const closed = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('closed'), { code: 'EPIPE' })),
  })
  closed.on('error', () => undefined)
  await expect(new Printer(ioWith(closed), true).line({}, () => '')).rejects.toMatchObject({ code: 'EPIPE' })
})

test.each([true, false])('nothing for the terminal to obey is written, with --json: %s', async (json) => {
  const stdout = new PassThrough()
  const printer = new Printer(ioWith(stdout), json)
  await printer.line('\u009b2J', () => '')
  await printer.result('\u009b2J', () => '')
  const io = ioWith(stdout)
  new Printer(io, json).note('\u009b2J')
  expect(`${String(stdout.read())}${String((io.stderr as PassThrough).read())}`).not.toContain('\u009b')
})

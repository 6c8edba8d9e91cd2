import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { afterMove } from '../../fixtures/transfer-script.ts'
import { startScript } from './script-process.ts'

const idle = new URL('../../fixtures/idle-script.ts', import.meta.url)
const transfer = new URL('../../fixtures/transfer-script.ts', import.meta.url)

test('a script gets its arguments and environment, and is heard line by line', async () => {
  await using script = startScript(idle, { args: ['here'], env: { IDLE: 'calm' } })
  expect(await script.line('ready')).toBe('ready here calm')
  expect(await script.line(/^beat 2$/)).toBe('beat 2')
  expect(script.pid).toBeGreaterThan(0)
  await vi.waitFor(() => expect(script.stderr).toContain('idle complaint'))
  expect(await script.kill()).toEqual({ code: null, signal: 'SIGKILL' })
})

test('a script that stands still says nothing, and goes on', async () => {
  await using script = startScript(idle)
  await script.line('beat')
  script.pause()
  // Until what was on its way has come.
  let before = -1
  await vi.waitFor(
    () => {
      const seen = before
      before = script.lines.length
      expect(before).toBe(seen)
    },
    { interval: 100 },
  )
  script.resume()
  await vi.waitFor(() => expect(script.lines.length).toBeGreaterThan(before))
})

test('a paused script is gone with its test', async () => {
  const script = startScript(idle)
  await script.line('ready')
  script.pause()
  await script[Symbol.asyncDispose]()
  expect(() => process.kill(script.pid, 0)).toThrow('ESRCH')
})

test('waiting ends when the script does, and when time is up', async () => {
  await using folder = await temporaryFolder()
  await using script = startScript(transfer, { args: [folder.path] })
  await expect(script.line('no such line')).rejects.toThrow(
    /no line with no such line: the process ended[^]*all moved/,
  )
  expect(await script.ended()).toEqual({ code: 0, signal: null })
  await using endless = startScript(idle)
  await endless.line('ready')
  await expect(endless.line('never', 20)).rejects.toThrow('no line with never: 20 ms passed')
  await expect(endless.ended(20)).rejects.toThrow(/the script had not ended after 20 ms[^]*ready/)
})

test.each([{ at: 'action:before-send', hit: 3 }, { at: afterMove }, { at: 'any', hit: 7 }] as const)(
  'a script is killed at $at, which it does not know of',
  async (crash) => {
    await using folder = await temporaryFolder()
    await using script = startScript(transfer, { args: [folder.path], crash })
    expect(await script.ended()).toEqual({ code: null, signal: 'SIGKILL' })
    expect(script.lines).toEqual([])
  },
)

test('the last line of a script that has ended is heard', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'chatty.mjs')
  await writeFile(
    file,
    "for (let n = 0; n < 2_000; n++) console.log(`line ${n} ${'x'.repeat(20)}`)\nconsole.log('last')\n",
  )
  for (let run = 0; run < 10; run++) {
    await using script = startScript(file)
    // From here on it is gone, while some of what it wrote is still to be read.
    while (isAlive(script.pid)) await new Promise((resolve) => setImmediate(resolve))
    expect(await script.line('last')).toBe('last')
  }
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

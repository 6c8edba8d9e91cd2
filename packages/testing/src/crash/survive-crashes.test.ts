import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { afterMove } from '../../fixtures/transfer-script.ts'
import { createRandom } from './random.ts'
import { startScript } from './script-process.ts'
import { surviveCrashes } from './survive-crashes.ts'
import type { CrashPlan, CrashStage } from './survive-crashes.ts'

const script = new URL('../../fixtures/transfer-script.ts', import.meta.url)

async function contents(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '')
}

function plan(mode: string): Pick<CrashPlan<string>, 'script' | 'open'> {
  const open = async (): Promise<CrashStage<string>> => {
    const folder = await temporaryFolder()
    return {
      script: { args: [folder.path, mode] },
      result: async () =>
        `${await contents(join(folder.path, 'moved'))}\n${await contents(join(folder.path, 'notes'))}`,
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  }
  return { script, open }
}

describe('surviveCrashes', () => {
  test('is content with a script that makes good what was cut off', async () => {
    const printed: string[] = []
    const verdict = await surviveCrashes({
      ...plan('careful'),
      at: [{ at: 'action:before-send' }, { at: afterMove, hit: 10 }],
      randomKills: 2,
      seed: 7,
      print: (line) => printed.push(line),
    })
    expect(verdict).toMatchObject({
      seed: 7,
      result: '10\n',
      passes: { 'action:before-send': 10, 'transfer:after-move': 10, 'action:after-send': 10 },
    })
    expect(verdict.kills.map(({ hit }) => hit)).toEqual([1, 10, ...randomHits(7, 2, 30)])
    expect(printed).toEqual(['MILLRACE_SEED=7 repeats the random kills'])
  })

  test('finds a script that does something twice, and names the kill and the seed', async () => {
    const careless = surviveCrashes({ ...plan('careless'), at: [{ at: afterMove, hit: 4 }], seed: 9 })
    await expect(careless).rejects.toThrow(
      /killed at transfer:after-move 4 and started again, it left something else than undisturbed\nMILLRACE_SEED=9[^]*moved 4/,
    )
  })

  test('fails where the kill never hit', async () => {
    const missed = surviveCrashes({ ...plan('careful'), at: [{ at: afterMove, hit: 11 }] })
    await expect(missed).rejects.toThrow(
      'to be killed at transfer:after-move 11, the script never came there and ended with code 0',
    )
  })

  test('fails where the script fails undisturbed', async () => {
    const refusing = surviveCrashes({ ...plan('refusing'), at: [{ at: afterMove }] })
    await expect(refusing).rejects.toThrow('undisturbed, the script ended with code 3')
  })

  test('fails where there is nothing to kill at', async () => {
    await expect(surviveCrashes(plan('careful'))).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'at',
    })
    const pointless = {
      ...plan('careful'),
      script: new URL('../../fixtures/no-place-script.ts', import.meta.url),
    }
    await expect(
      surviveCrashes({ ...pointless, randomKills: 1, seed: 3, print: () => undefined }),
    ).rejects.toThrow('the script reaches no failpoint')
  })
})

function randomHits(seed: number, count: number, passes: number): readonly number[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => 1 + Math.floor(random() * passes))
}

test('a process that crashes itself writes nothing more', async () => {
  await using child = startScript(new URL('../../fixtures/crash-at-script.ts', import.meta.url))
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGKILL' })
  expect(child.lines).toEqual(['passed 1'])
})

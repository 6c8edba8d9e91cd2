import { packError } from '../lanes/messages.ts'
import type { LockDriverUnderTest } from './declaration.ts'
import { runRacer } from './race.ts'
import type { RaceSettings } from './race.ts'

type Open = (argument: unknown) => Promise<LockDriverUnderTest>

interface Start {
  readonly module: string
  readonly export: string
  readonly argument: unknown
  readonly settings: RaceSettings
}

async function race(start: Start): Promise<void> {
  const module = (await import(start.module)) as Record<string, Open>
  const open = module[start.export]
  if (open === undefined) throw new Error(`${start.module} has no export ${start.export}`)
  await using opened = await open(start.argument)
  const result = await runRacer(opened.driver, start.settings)
  process.send?.({ kind: 'done', result })
}

process.once('message', (start: Start) => {
  race(start)
    .catch((error: unknown) => process.send?.({ kind: 'failed', failure: packError(error) }))
    .finally(() => process.disconnect?.())
})

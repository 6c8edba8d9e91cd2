import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { drivers } from '../../fixtures/databases.ts'
import { captureTables, dumpTables } from '../../fixtures/table-dump.ts'
import { openChangeLog } from './open-change-log.ts'

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../golden/v1/${name}.json`, import.meta.url), 'utf8'))

test.for(drivers)(
  'the tables of change capture are those of version 1, and its rows are read as ever (%s)',
  async ([, open]) => {
    await using database = await open()
    await using scene = await Scene.open(database, '')
    await using fresh = await openChangeLog({ database, schema: scene.schema })
    expect((await fresh.head()).commit).toBe(0)
    expect(await dumpTables(database, scene.schema, captureTables)).toEqual(golden('capture-tables'))
    const { rows, events } = golden('captured-changes') as { readonly rows: string; readonly events: unknown }
    await scene.run(`update :m.change_log set generation = '5f0c2d8e9b7a4c13a1b2c3d4e5f60718'; ${rows}`)
    await using log = await openChangeLog({ database, schema: scene.schema })
    const { records } = await log.readBatch(await log.beginning())
    expect(JSON.parse(JSON.stringify(records))).toEqual(events)
  },
)

import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { dumpTables } from '../../fixtures/table-dump.ts'
import { openObserverRules } from './observer-rules.ts'

const golden = new URL('../../golden/v1/observer-rule-tables.json', import.meta.url)
const anyDate: unknown = expect.any(Date)
const tables = ['observer_rules', 'observer_rule_history', 'observer_rule_state']

test.for(drivers)(
  'every change of a rule has a version, a time and a name, whoever made it (%s)',
  async ([, open]) => {
    await using database = await open()
    const schema = freshSchema('rules')
    const rules = await openObserverRules({ database, schema })
    expect(await rules.read()).toEqual({ revision: 0, reloads: 0, rows: [], removed: [] })

    expect(await rules.put('big', '{"a": 1}', { by: 'ada', expect: 'known' })).toBe(false)
    expect(await rules.put('big', '{"a": 1}', { by: 'ada', expect: 'new' })).toBe(true)
    expect(await rules.put('big', '{"a": 2}', { by: 'bob', expect: 'new' })).toBe(false)
    expect(await rules.put('big', '{"a":  2}', { by: 'bob', expect: 'known' })).toBe(true)
    const { revision } = await rules.read()
    // The same once more is no change.
    await rules.put('big', '{"a":  2}', { by: 'eve' })
    expect(await rules.revision()).toBe(revision)
    await rules.setEnabled('big', false, 'ada')
    await rules.setEnabled('of-code', false, 'ada')
    await rules.setEnabled('of-code', undefined, 'ada')
    await rules.setEnabled('big', undefined, 'eve')
    expect((await rules.read()).rows).toEqual([
      { name: 'big', rule: '{"a":  2}', enabled: undefined, version: 4, by: 'eve', at: anyDate },
    ])

    const { rows: before } = await rules.read()
    // By hand: an upsert is one change, its author whoever is connected.
    await database.execute(
      `insert into ${schema}.observer_rules (name, rule) values ('big', '[]') on conflict (name) do update set rule = excluded.rule`,
    )
    await database.execute(`insert into ${schema}.observer_rules (name, rule) values ('other', '{}')`)
    await database.execute(`delete from ${schema}.observer_rules where name = 'other'`)
    expect(await rules.remove('big', 'ada')).toBe(true)
    expect(await rules.remove('big', 'ada')).toBe(false)
    await rules.put('big', '{"a": 3}', { by: 'ada' })
    await database.execute(`truncate ${schema}.observer_rules`)
    const told = (await rules.history('big')).map(({ version, action, by, rule, enabled }) => [
      version,
      action,
      by.replace(/^sql:.*/, 'sql'),
      rule,
      enabled,
    ])
    expect(told).toEqual([
      [8, 'remove', 'sql', '{"a": 3}', undefined],
      [7, 'put', 'ada', '{"a": 3}', undefined],
      [6, 'remove', 'ada', '[]', undefined],
      [5, 'put', 'sql', '[]', undefined],
      [4, 'reset', 'eve', '{"a":  2}', undefined],
      [3, 'disable', 'ada', '{"a":  2}', false],
      [2, 'put', 'bob', '{"a":  2}', undefined],
      [1, 'put', 'ada', '{"a": 1}', undefined],
    ])
    const after = await rules.read()
    expect(before).toHaveLength(1)
    expect([after.rows, after.removed.toSorted()]).toEqual([[], ['big', 'other']])
    expect(after.revision).toBeGreaterThan(revision)
    await rules.reload()
    expect(await rules.read()).toMatchObject({ revision: after.revision + 1, reloads: 1 })

    const renaming = database.execute(`update ${schema}.observer_rules set name = 'new'`)
    await expect(renaming).resolves.toBe(0)
    await rules.put('kept', '{}', { by: 'ada' })
    await expect(database.execute(`update ${schema}.observer_rules set name = 'new'`)).rejects.toThrow(
      'keeps its name',
    )
    await expect(rules.put('Bad', '{}', { by: 'ada' })).rejects.toMatchObject({ field: 'name' })
    await expect(rules.remove('kept', '')).rejects.toMatchObject({ field: 'by' })
    expect(await dumpTables(database, schema, tables)).toEqual(JSON.parse(readFileSync(golden, 'utf8')))
  },
)

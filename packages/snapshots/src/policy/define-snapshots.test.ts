import { describe, expect, expectTypeOf, test } from 'vitest'

import { account } from '../../fixtures/account.ts'
import type { AccountState } from '../../fixtures/account.ts'
import { defineSnapshots, isSnapshotDefinition } from './define-snapshots.ts'
import type { SnapshotOptions } from './define-snapshots.ts'

const given = { category: 'account', decider: account, schemaVersion: 1 } as const

describe('a definition of snapshots', () => {
  test('is named by its category and knows the versions of its events', () => {
    const definition = defineSnapshots(given)
    expect(definition).toMatchObject({
      name: 'account',
      eventVersions: { MoneyDeposited: 1, MoneyWithdrawn: 2 },
      threshold: undefined,
      schedule: undefined,
    })
    expect(isSnapshotDefinition(definition)).toBe(true)
    expectTypeOf(definition.toData).parameter(0).toEqualTypeOf<AccountState>()
    for (const other of [undefined, null, 7, {}, { kind: 'millrace-app' }])
      expect(isSnapshotDefinition(other)).toBe(false)
  })

  test.each<[setting: string, change: object]>([
    ['category', { category: 'Account' }],
    ['name', { name: 'a.b' }],
    ['schemaVersion', { schemaVersion: 0 }],
    ['schemaVersion', { schemaVersion: 1.5 }],
    ['threshold', { threshold: -1 }],
    ['schedule', { schedule: 'weekly' }],
    ['toData', { toData: () => ({}) }],
  ])('names the setting that is wrong: %s', (setting, change) => {
    const options = { ...given, ...change } as SnapshotOptions<AccountState>
    expect(() => defineSnapshots(options)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
    )
  })
})

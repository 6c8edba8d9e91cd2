import { createAggregates } from '@millrace/aggregates'
import { createIdFactory, createStreamId } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { locker } from './support/locker.ts'
import type { LockerCommand } from './support/locker.ts'
import { openTarget } from './support/store-target.ts'
import { sharedStores, useStore } from './support/stores.ts'
import { Worker } from './support/worker.ts'

const mint = createIdFactory()
const before: LockerCommand = { type: 'put', item: 'coat' }
const fill: LockerCommand = { type: 'fill' }

describe.each(sharedStores)('a process that is killed while it handles a command, %s', (kind) => {
  const target = useStore(kind)

  test.each([
    ['before', 'append:before-commit', 1],
    ['after', 'append:after-commit', 2],
  ] as const)(
    'dies %s the commit, and the command that comes again leaves one copy',
    { timeout: 60_000 },
    async (_, killAt, versionAfterKill) => {
      const [id, commandId] = [mint(), mint()]
      const streamId = createStreamId('locker', id)
      await using opened = await openTarget(target())
      const lockers = createAggregates({ store: opened.store, category: 'locker', decider: locker })
      await lockers.handle(id, before)
      await using worker = await Worker.start({ target: target(), killAt })
      await expect(worker.obey([{ id, command: fill, commandId }])).rejects.toThrow('the process ended')
      expect(await worker.ended).toEqual({ code: null, signal: 'SIGKILL' })
      expect(await opened.store.currentVersion(streamId)).toBe(versionAfterKill)
      // Somebody else is faster than the repeat, so that it would be decided in another way now.
      await lockers.handle(id, fill)
      const again = await lockers.handle(id, fill, { commandId })
      const wasRecorded = versionAfterKill === 2
      expect(again).toMatchObject({
        kind: 'accepted',
        version: wasRecorded ? 2 : 3,
        replayed: wasRecorded,
        events: [{ type: 'ItemPut', data: { item: wasRecorded ? 'filler 2' : 'filler 3' } }],
      })
      const events = await collect(opened.store.read(streamId))
      expect(events.map(({ version }) => Number(version))).toEqual([1, 2, 3])
      expect(events.filter((event) => event.commitId === (commandId as string))).toHaveLength(1)
    },
  )
})

import { expect, test } from 'vitest'

import { handlePersonCommand } from './people.ts'
import type { People } from './people.ts'
import { personCommand } from './person/commands.ts'

test('several commands are to one person', async () => {
  const issued = { at: '2026-01-05T09:00:00Z' }
  const archive = (personId: string) => personCommand({ type: 'archive', personId, reason: 'r', issued })
  const nobody = undefined as unknown as People
  await expect(handlePersonCommand(nobody, [archive('ada'), archive('grace')])).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'commands',
  })
})

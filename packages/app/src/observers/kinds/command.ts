import { createHash } from 'node:crypto'

import type { CommandResult, HandleOptions } from '@millrace/aggregates'
import { commandKind } from '@millrace/observers'
import type { AnyActionKind } from '@millrace/observers'
import { ActionError } from '@millrace/processing'

import { throughPort } from './port-failure.ts'
import { refuseUnknown, withCheck } from './with-check.ts'

/** What takes commands: the result of `createAggregates`. */
export interface CommandTarget {
  handle(id: string, command: unknown, options?: HandleOptions): Promise<CommandResult<unknown>>
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeOfUlid = /^[0-7][0-9A-HJKMNP-TV-Z]{9}/
const [firstTime, randomLength] = ['0'.repeat(10), 16]

/** A ULID that only this delivery gives, of the time of its event: each of its attempts is the same command. */
function commandIdOf(idempotencyKey: string): string {
  const [time = firstTime] = timeOfUlid.exec(idempotencyKey) ?? []
  const digest = createHash('sha256').update(`command:${idempotencyKey}`).digest()
  const random = Array.from({ length: randomLength }, (_, i) => alphabet.charAt((digest[i] ?? 0) % 32))
  return time + random.join('')
}

/** Action `command`: to one of the app's aggregates, once for each delivery. A command that is refused is a dead letter. */
export function appCommandKind(aggregates: Readonly<Record<string, CommandTarget>>): AnyActionKind {
  const names = Object.keys(aggregates)
  const kind = commandKind(async ({ aggregate, id, command }, { idempotencyKey, signal, input }) => {
    const target = Object.hasOwn(aggregates, aggregate) ? aggregates[aggregate] : undefined
    if (target === undefined)
      throw new ActionError(`there is no aggregate ${JSON.stringify(aggregate)}`, { kind: 'permanent' })
    const { event, metadata } = input
    const options = { commandId: commandIdOf(idempotencyKey), cause: { id: event.id, metadata }, signal }
    const result = await throughPort(async () => await target.handle(id, command, options))
    if (result.kind === 'rejected')
      throw new ActionError(`refused: ${result.rejection.code}`, { kind: 'permanent' })
  })
  return withCheck(kind, (settings) => refuseUnknown(settings, 'aggregate', { what: 'aggregate', names }))
}

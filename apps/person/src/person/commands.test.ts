import { expect, test } from 'vitest'

import { parsePersonCommand, personCommand, personCommandTypes } from './commands.ts'

const issued = { at: '2026-01-05T09:00:00Z' }

test('a command may leave out what has a default', () => {
  expect(personCommand({ type: 'reactivate', personId: 'ada', issued })).toEqual({
    type: 'reactivate',
    personId: 'ada',
    reason: null,
    issued: {
      at: '2026-01-05T09:00:00Z',
      actor: null,
      correlationId: null,
      causationId: null,
      context: {},
      sourceSystem: null,
      importId: null,
    },
  })
})

test('there are eleven commands of a person and four of their components', () => {
  expect(personCommandTypes).toHaveLength(15)
})

test.each<[field: string, command: unknown]>([
  ['command.type', { type: 'resurrect', personId: 'ada', issued }],
  ['command.personId', { type: 'suspend', personId: ' ', reason: 'r', issued }],
  ['command.issued.at', { type: 'suspend', personId: 'ada', reason: 'r', issued: { at: 'now' } }],
  ['command.reason', { type: 'merge', personId: 'ada', into: 'grace', reason: 'because', issued }],
  ['command.birthDate', { type: 'setBirthDate', personId: 'ada', birthDate: '2026-02-30', issued }],
  ['command.name.given', { type: 'updateName', personId: 'ada', name: { given: '', family: 'L' }, issued }],
  ['command', { type: 'archive', personId: 'ada', reason: 'r', why: 'r', issued }],
  ['command', undefined],
])('what is wrong with a command is named: %s', (field, command) => {
  expect(() => parsePersonCommand(command)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE', field }),
  )
})

test('a wrong payload does not compile', () => {
  // @ts-expect-error -- the reason is one of four
  expect(() => personCommand({ type: 'merge', personId: 'a', into: 'b', reason: 'whim', issued })).toThrow(
    'command.reason',
  )
  // @ts-expect-error -- a suspension has a reason
  expect(() => personCommand({ type: 'suspend', personId: 'a', issued })).toThrow('command.reason')
})

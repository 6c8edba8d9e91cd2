import type { Management } from '@millrace/app'
import type { ConsoleAnswers } from '@millrace/console'
import { expectTypeOf, test } from 'vitest'

type Answer<Name extends keyof Management> = NonNullable<
  Awaited<ReturnType<Extract<Management[Name], (...args: never) => unknown>>>
>

test('the console is given what it reads', () => {
  expectTypeOf<Answer<'status'>>().toExtend<ConsoleAnswers['/api/status']>()
  expectTypeOf<Answer<'listStreams'>>().toExtend<ConsoleAnswers['/api/streams']>()
  expectTypeOf<Answer<'searchEvents'>>().toExtend<ConsoleAnswers['/api/events']>()
  expectTypeOf<Answer<'snapshots'>>().toExtend<ConsoleAnswers['/api/streams/:id/snapshots']['snapshots']>()
  expectTypeOf<Answer<'states'>>().toExtend<ConsoleAnswers['/api/streams/:id/states']>()
  expectTypeOf<Answer<'snapshotStreams'>>().toExtend<ConsoleAnswers['/api/snapshots']>()
  expectTypeOf<Answer<'deliveries'>>().toExtend<ConsoleAnswers['/api/deliveries']>()
  expectTypeOf<Answer<'deadLetters'>>().toExtend<ConsoleAnswers['/api/dead-letters']>()
  expectTypeOf<Answer<'retryDeadLetter'>>().toExtend<ConsoleAnswers['/api/dead-letters/:id/retry']>()
  expectTypeOf<Answer<'projections'>>().toExtend<ConsoleAnswers['/api/projections']['projections']>()
  expectTypeOf<Answer<'observers'>>().toExtend<ConsoleAnswers['/api/observers']>()
  expectTypeOf<Answer<'locks'>>().toExtend<ConsoleAnswers['/api/locks']['locks']>()
})

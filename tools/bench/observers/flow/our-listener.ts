import { createEventDecoder } from '@millrace/contracts'
import type { EventLog, StoredEvent } from '@millrace/contracts'
import { defineActionKind, openObservers } from '@millrace/observers'
import type { AnyActionKind, ObserverDefinition } from '@millrace/observers'
import { openChangeLog, openPg, openPostgresStore, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'

import { action, dueHeader, eventType, processor, tableOf } from './flow-tables.ts'
import type { ListenerOrder } from './flow-tables.ts'
import { cpuMicroseconds, Latencies } from './latencies.ts'
import type { Progress } from './latencies.ts'
import { givenOrder, serve } from './part.ts'
import { sharedNow } from './shared-clock.ts'

/** An action that is over when it begins. */
function actKind(latencies: Latencies): AnyActionKind {
  return defineActionKind({
    kind: 'nothing',
    prepare: (settings) => {
      const due = settings.template('due', 'text')
      return {
        render: (values) => Number(due?.render(values)),
        send: async (dueAt) => latencies.add(sharedNow() - dueAt),
      }
    },
  })
}

function ruleOf({ source, schema, host }: ListenerOrder): ObserverDefinition {
  const [row, due] = source === 'changes' ? ['new', 'new.due_at'] : ['data', 'data.due_at']
  const act =
    host === undefined
      ? { action: 'nothing', name: action, due: `{{ ${due} }}` }
      : { action: 'webhook', name: action, url: `http://${host}/`, headers: { [dueHeader]: `{{ ${due} }}` } }
  return {
    name: processor,
    source: source === 'changes' ? { table: tableOf(schema).replace('.', '_') } : {},
    on: source === 'changes' ? 'insert' : eventType,
    when: `${row}.total > 100.0 && ${row}.status == 'open'`,
    actions: [act],
  }
}

function idleRule(order: ListenerOrder, index: number): ObserverDefinition {
  const row = order.source === 'changes' ? 'new' : 'data'
  return { ...ruleOf(order), name: `idle-${index}`, when: `${row}.total < 0.0` }
}

async function openLog(
  database: SqlDatabase,
  { source, schema }: ListenerOrder,
): Promise<{ readonly log: EventLog<StoredEvent> } & AsyncDisposable> {
  if (source === 'events') return await openPostgresStore({ database, schema })
  const log = await openChangeLog({ database, schema })
  return { log, [Symbol.asyncDispose]: async () => await log[Symbol.asyncDispose]() }
}

async function listen(told: ListenerOrder): Promise<void> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await openPg({ url: told.url }))
  const { log } = stack.use(await openLog(database, told))
  const latencies = new Latencies()
  const observers = stack.use(
    openObservers({
      observers: [ruleOf(told), ...Array.from({ length: told.idleRules }, (_, i) => idleRule(told, i))],
      kinds: [actKind(latencies)],
      allowHosts: ['127.0.0.1'],
    }),
  )
  const store = await openProcessorStore({ database, schema: told.schema })
  const { processors } = observers
  const runtime = stack.use(createProcessorRuntime({ log, store, decode: createEventDecoder(), processors }))
  let delivered = 0
  runtime.onChange((fact) => {
    if (fact.kind === 'delivery-changed' && fact.change === 'delivered') delivered++
  })
  await runtime.start()
  const progress = (): Progress => ({
    latencies: latencies.take(),
    delivered,
    cpu: cpuMicroseconds(),
    memory: process.memoryUsage.rss(),
  })
  serve({ ready: () => true, delivered: () => delivered, progress }, () => stack.disposeAsync())
}

await listen(givenOrder() as ListenerOrder)

import { ConfigurationError } from '@millrace/contracts'
import type { EventStore, ProcessorStore } from '@millrace/contracts'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import { publishThrough } from '@millrace/publishing'
import type { PublishingStore } from '@millrace/publishing'

import type { Settings } from '../settings/settings.ts'

/** The store of an app whose appends wait for a relay, as the settings say. @throws {@link ConfigurationError} in mode `inspect` */
export function appPublishing(
  relay: Pick<Processor, 'name'>,
  parts: {
    readonly store: EventStore
    readonly settings: Settings
    readonly runtime: ProcessorRuntime | undefined
    readonly processors: ProcessorStore
  },
): PublishingStore {
  const { store, settings, runtime, processors } = parts
  if (runtime === undefined)
    throw new ConfigurationError(`relay ${relay.name}`, 'nothing is published by an app that only looks')
  return publishThrough(store, { mode: settings.publisherMode.value, relay, runtime, processors })
}

import { domainSuite } from './domain/domain-suite.ts'
import type { Suite } from './harness/suite.ts'
import { jetstreamSuite } from './jetstream/jetstream-suite.ts'
import { observersSuite } from './observers/observers-suite.ts'
import { projectionsSuite } from './projections/projections-suite.ts'
import { storeSuite } from './store/store-suite.ts'

/** Every suite, by the name it is run with. */
export const suites: readonly Suite[] = [
  storeSuite,
  jetstreamSuite,
  domainSuite,
  projectionsSuite,
  observersSuite,
]

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { rootFolder } from '../workspaces.ts'

/** A long test: prints its progress and a verdict. */
interface DeepTest {
  /** Whether everything held. */
  readonly run: () => Promise<boolean>
}

/** Found by file: they belong to the tests, which stand above these tools. */
const deepTests: Readonly<Record<string, string>> = {
  dedup: 'tests/redis/deep/dedup.ts',
  'inbox-crash': 'tests/inbox/support/inbox-crash.ts',
  'jetstream-consumers': 'tests/jetstream/deep/jetstream-consumers.ts',
  'jetstream-cuts': 'tests/jetstream/deep/jetstream-cuts.ts',
  'jetstream-kills': 'tests/jetstream/deep/jetstream-kills.ts',
  migration: 'tests/migration/deep/migration.ts',
  mutants: 'tools/mutants/deep.ts',
  'observer-crash': 'tests/observers/deep/observer-crash.ts',
  'observer-outages': 'tests/observers/deep/observer-outages.ts',
  'projection-crash': 'tests/projections/deep/projection-crash.ts',
}

const [name = ''] = process.argv.slice(2)
const file = Object.hasOwn(deepTests, name) ? deepTests[name] : undefined
if (file === undefined) {
  console.error(`npm run deep -- NAME, where NAME is one of ${Object.keys(deepTests).join(', ')}`)
  process.exitCode = 2
} else {
  const test = (await import(pathToFileURL(join(rootFolder, file)).href)) as DeepTest
  process.exitCode = (await test.run()) ? 0 : 1
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { snapshotStoreContract } from '@millrace/conformance'
import { escapeFilePath } from '@millrace/contracts'
import { openFileSnapshots } from '@millrace/snapshots'

snapshotStoreContract({
  name: 'the snapshot store of files',
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-snapshots-'))
    return {
      store: await openFileSnapshots({ folder }),
      damage: async (streamId, { name, version, schemaVersion }) => {
        const file = join(folder, ...escapeFilePath(streamId), name, `${version}-${schemaVersion}.snapshot`)
        await writeFile(file, '{"format":1')
      },
      [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
    }
  },
})

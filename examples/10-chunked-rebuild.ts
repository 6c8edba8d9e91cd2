// A read model is built anew in batches of whole commits, beside the one that is read: nobody finds it empty, and a
// process that ends in the middle goes on where it was.
import { defineApp, openApp } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { defineProjection } from '@millrace/projections'

import { Account, pennies } from './support/account.ts'
import { dataFolder } from './support/data-folder.ts'

const batches: number[] = []
const deposits = defineProjection({
  name: 'deposits',
  version: 1,
  events: Account,
  tables: ['deposits'],
  script:
    'create table :deposits (stream text, version bigint, cents numeric, primary key (stream, version))',
  apply: (batch, model) => {
    batches.push(batch.length)
    const rows = batch.map(({ streamId, version, data }) => ({
      stream: streamId,
      version: Number(version),
      cents: String(data.cents),
    }))
    model.write(
      'insert into :deposits select * from json_to_recordset($1::json) as r(stream text, version bigint, cents numeric)',
      [JSON.stringify(rows)],
    )
  },
})

await using folder = await dataFolder()
await using app = await openApp(defineApp({ name: 'example', projections: [deposits] }), {
  env: { MILLRACE_DATA: folder.path },
})
const { store, projections, database } = app
const count = async (): Promise<number> =>
  (await database.query<{ n: number }>('select count(*)::int as n from deposits'))[0]?.n ?? 0

let position
for (let account = 1; account <= 40; account++) {
  const stream = createStreamId('account', String(account))
  ;({ position } = await store.append(stream, pennies(100), { expectedVersion: 'no-stream' }))
}
if (position !== undefined) await projections.reached('deposits', position)
console.log('rows', await count())

batches.length = 0
let told = 0
const reads: Promise<number>[] = []
await projections.rebuild('deposits', { by: 'example' })
const live = await projections.rebuilt('deposits', {
  onProgress: () => {
    told++
    reads.push(count())
  },
})
console.log('built anew', live, 'in batches of', [...new Set(batches)].join(' and '))
console.log('progress was told', told > 0, 'and reads meanwhile found', [
  ...new Set(await Promise.all(reads)),
])
console.log('rows', await count())

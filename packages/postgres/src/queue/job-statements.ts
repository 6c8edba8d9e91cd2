// in:    queue, id, name, data, milliseconds of delay, most attempts, data subject or null
// out:   one row affected, or none where a job of this id is there
export const insertJob = `
  insert into :schema.jobs (queue, id, name, data, run_at, max_attempts, subject)
  values ($1, $2, $3, $4::json, clock_timestamp() + $5 * interval '1 millisecond', $6, $7)
  on conflict (queue, id) do nothing`

// in:    queue
// out:   jobs whose last worker died with them are dead
// locks: none is waited for
export const buryJobs = `
  update :schema.jobs set state = 'dead', token = null, ended_at = clock_timestamp(),
    error = 'its worker ended without a word'
  where (queue, id) in (
    select queue, id from :schema.jobs
    where queue = $1 and state = 'open' and run_at <= clock_timestamp() and token is not null
      and attempts >= max_attempts
    for update skip locked)`

// in:    queue, token, milliseconds of the lease, how many at most
// out:   the jobs that are now this worker's
// locks: none is waited for
export const takeJobs = `
  update :schema.jobs j set token = $2, attempts = j.attempts + 1,
    run_at = clock_timestamp() + $3 * interval '1 millisecond'
  from (
    select queue, id from :schema.jobs
    where queue = $1 and state = 'open' and run_at <= clock_timestamp()
      and (token is null or attempts < max_attempts)
    order by run_at, id limit $4 for update skip locked
  ) due
  where j.queue = due.queue and j.id = due.id
  returning j.id, j.name, j.data::text as data, j.attempts, j.max_attempts`

// in:    queue, ids, token, milliseconds of the lease
// out:   the ids that are still this worker's
export const renewJobs = `
  update :schema.jobs set run_at = clock_timestamp() + $4 * interval '1 millisecond'
  where queue = $1 and id = any($2::text[]) and token = $3 and state = 'open'
  returning id`

const mine = `where queue = $1 and id = $2 and token = $3 and state = 'open'`

export const endJob: string = `
  update :schema.jobs set state = 'done', token = null, error = null, ended_at = clock_timestamp() ${mine}`

// in:    queue, id, token, error, milliseconds of the pause, whether it is the last attempt
export const failJob: string = `
  update :schema.jobs set token = null, error = $4,
    run_at = clock_timestamp() + $5 * interval '1 millisecond',
    state = case when $6 then 'dead' else 'open' end,
    ended_at = case when $6 then clock_timestamp() end ${mine}`

export const tellProgress: string = `update :schema.jobs set progress = $4::json ${mine}`

// in:    queue, milliseconds a job that is done is kept
// locks: none is waited for
export const forgetJobs = `
  delete from :schema.jobs where (queue, id) in (
    select queue, id from :schema.jobs
    where queue = $1 and state = 'done' and ended_at <= clock_timestamp() - $2 * interval '1 millisecond'
    order by ended_at limit 1000 for update skip locked)`

export const countJobs = `
  select count(*) filter (where state = 'open' and token is null and run_at <= now())
      + count(*) filter (where state = 'open' and token is not null and run_at <= now()) as waiting,
    count(*) filter (where state = 'open' and token is null and run_at > now()) as delayed,
    count(*) filter (where state = 'open' and token is not null and run_at > now()) as active,
    count(*) filter (where state = 'dead') as dead
  from :schema.jobs where queue = $1 and state <> 'done'`

const view = `
  select id, name, data::text as data, attempts, progress::text as progress, error,
    case when state <> 'open' then state
      when run_at <= now() then 'waiting'
      when token is null then 'delayed'
      else 'active' end as state
  from :schema.jobs`

export const readJob: string = `${view} where queue = $1 and id = $2`

export const readDeadJobs: string = `${view} where queue = $1 and state = 'dead' order by ended_at, id limit $2`

export const reviveJob = `
  update :schema.jobs set state = 'open', attempts = 0, run_at = clock_timestamp(), ended_at = null
  where queue = $1 and id = $2 and state = 'dead'`

export const removeJob = `delete from :schema.jobs where queue = $1 and id = $2 and state = 'dead'`

// A worker that has one of them finds it gone when it renews or ends it.
export const eraseJobs = `delete from :schema.jobs where queue = $1 and subject = $2`

// Otherwise what they held stays in the file until somebody writes over it.
export const vacuumJobs = `vacuum :schema.jobs`

// in:    name, owner, token, ttl in milliseconds, an epoch to be above of
// out:   the new epoch and its end, or nothing where the lock is held
// locks: the name's row; of two takers the second finds the first one's lock. Times are taken under that lock
export const takeLock = `
  insert into :schema.locks as l (name, epoch, owner, token, acquired_at, renewed_at, expires_at)
  values ($1, $5::bigint + 1, $2, $3, clock_timestamp(), clock_timestamp(),
    clock_timestamp() + $4 * interval '1 millisecond')
  on conflict (name) do update
  set epoch = greatest(l.epoch, $5::bigint) + 1, owner = excluded.owner, token = excluded.token,
    acquired_at = clock_timestamp(), renewed_at = clock_timestamp(),
    expires_at = clock_timestamp() + $4 * interval '1 millisecond',
    progress_mark = null, progress_behind = null, progress_since = null, forced_by = null
  where l.owner is null or l.expires_at <= clock_timestamp()
  returning epoch, expires_at`

export const readHolder = `
  select owner, expires_at, coalesce(expires_at <= clock_timestamp(), true) as free
  from :schema.locks where name = $1`

// in:    name, token, ttl in milliseconds, mark and number left or nulls
// out:   one row affected while the lock is the holder's. The right-hand sides see the row as it was
export const renewLock = `
  update :schema.locks set renewed_at = clock_timestamp(),
    expires_at = clock_timestamp() + $3 * interval '1 millisecond',
    progress_since = case
      when $4::text is null then progress_since
      when $4 = progress_mark and $5::bigint > 0 then progress_since
      else clock_timestamp() end,
    progress_mark = coalesce($4, progress_mark), progress_behind = coalesce($5, progress_behind)
  where name = $1 and token = $2 and owner is not null`

const clear = `owner = null, token = '', acquired_at = null, renewed_at = null, expires_at = null,
    progress_mark = null, progress_behind = null, progress_since = null`

export const releaseLock: string = `
  update :schema.locks set ${clear} where name = $1 and token = $2 and owner is not null`

export const forceLock: string = `
  update :schema.locks set epoch = epoch + 1, forced_by = $2, ${clear} where name = $1 and owner is not null`

// A row without owner that nobody forced or released is the mark of another driver's lock, not a lock of this one: it is
// told apart by its token.
const columns = `
  select name, epoch, owner, acquired_at, renewed_at, expires_at, coalesce(expires_at <= now(), true) as free,
    progress_mark, progress_behind, progress_since, forced_by, now() as read_at
  from :schema.locks`

export const readLock: string = `${columns} where name = $1 and (owner is not null or token = '')`

export const readLocks: string = `${columns} where owner is not null or token = '' order by name`

// in:    name, epoch, token
// out:   the epoch, or nothing where a higher one, or another holder of this one, was here
// locks: the name's row until commit: nobody takes the lock over between this and the commit of what it guards
export const passFence = `
  insert into :schema.locks as l (name, epoch, token) values ($1, $2, $3)
  on conflict (name) do update set epoch = excluded.epoch, token = excluded.token
  where l.epoch < excluded.epoch or (l.epoch = excluded.epoch and l.token = excluded.token)
  returning epoch`

export const readEpoch = `select epoch from :schema.locks where name = $1`

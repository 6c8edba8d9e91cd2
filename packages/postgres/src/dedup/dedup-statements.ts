// in:    source, ids, a new commit id for each, owner, milliseconds of the lease and of the memory
// out:   the ids that are claimed, with their commit ids
// locks: the ids' rows, in the order of the ids; what another claim has written is seen once it has committed
export const claimIds = `
  insert into :schema.seen_ids as s (source, id, commit_id, owner, lease_until, expires_at)
  select $1, g.id, g.commit_id, $4, clock_timestamp() + $5 * interval '1 millisecond',
    clock_timestamp() + $6 * interval '1 millisecond'
  from unnest($2::text[], $3::text[]) as g (id, commit_id)
  order by g.id collate "C"
  on conflict (source, id) do update
  set commit_id = case when s.expires_at <= clock_timestamp() then excluded.commit_id else s.commit_id end,
    owner = excluded.owner, lease_until = excluded.lease_until, expires_at = excluded.expires_at
  where s.expires_at <= clock_timestamp() or s.lease_until <= clock_timestamp()
  returning id, commit_id`

// out:   what is known of ids that were not claimed; nothing for one that expired a moment ago
export const readIds = `
  select id, commit_id, lease_until from :schema.seen_ids
  where source = $1 and id = any($2::text[]) and expires_at > clock_timestamp()
    and (lease_until is null or lease_until > clock_timestamp())`

// in:    source, ids, their commit ids, milliseconds of the memory
// out:   the ids that are done; not those of another commit id
// locks: the ids' rows, in the order of the ids
export const markDone = `
  insert into :schema.seen_ids as s (source, id, commit_id, owner, lease_until, expires_at)
  select $1, g.id, g.commit_id, null, null, clock_timestamp() + $4 * interval '1 millisecond'
  from unnest($2::text[], $3::text[]) as g (id, commit_id)
  order by g.id collate "C"
  on conflict (source, id) do update
  set commit_id = excluded.commit_id, owner = null, lease_until = null, expires_at = excluded.expires_at
  where s.commit_id = excluded.commit_id or s.expires_at <= clock_timestamp()
  returning id`

// in:    source, ids, owner
// locks: the ids' rows
export const releaseIds = `
  update :schema.seen_ids set lease_until = '-infinity'
  where source = $1 and id = any($2::text[]) and owner = $3`

// in:    how many at most
// locks: none is waited for
export const forgetIds = `
  delete from :schema.seen_ids where (source, id) in (
    select source, id from :schema.seen_ids where expires_at <= clock_timestamp()
    order by expires_at limit $1 for update skip locked)`

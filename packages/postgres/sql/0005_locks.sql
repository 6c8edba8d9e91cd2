-- 0005_locks: locks held for one piece of work, and the fence for writes under any lock (docs/reference/lock-tables.md)
-- in:    schema name
-- out:   locks
-- locks: none that running code waits for: everything is new

-- One row a name that was ever locked; it stays, so that its epoch never falls. Free: no owner, and an empty token, which
-- no holder has. Locks of another driver have a row once something was written under them: their epoch and token, no owner.
create table :schema.locks (
  name            text        not null primary key collate "C",
  epoch           bigint      not null,
  token           text        not null default '',
  owner           text,
  acquired_at     timestamptz,
  renewed_at      timestamptz,
  expires_at      timestamptz,
  -- What the holder told of its work, and when it last went on or had nothing to do.
  progress_mark   text,
  progress_behind bigint,
  progress_since  timestamptz,
  -- The operator who forced the last release.
  forced_by       text
) with (fillfactor = 50);

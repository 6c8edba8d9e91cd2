-- 0006_snapshots: saved states of streams (docs/reference/snapshot-formats.md)
-- in:    schema name
-- out:   snapshots
-- locks: none that running code waits for: everything is new

-- The header is the snapshot's own text of what it is, with a digest; the columns repeat what is searched by.
create table :schema.snapshots (
  stream_id      text   not null collate "C",
  name           text   not null collate "C",
  version        bigint not null check (version >= 1),
  schema_version int    not null check (schema_version >= 1),
  -- Milliseconds: the latest of all events in the state.
  occurred_at    bigint not null,
  recorded_at    bigint not null,
  header         text   not null,
  state          bytea  not null,
  primary key (stream_id, name, version, schema_version)
);

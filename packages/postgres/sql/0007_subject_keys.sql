-- 0007_subject_keys: the data keys of data subjects, erasures, and the access log (docs/reference/postgres-tables.md)
-- in:    schema name
-- out:   subject_keys, access_log
-- locks: none that running code waits for: everything is new

-- One row a subject, for ever: an erased one keeps its row, so that it is never mistaken for a new subject.
-- Times are milliseconds since 1970.
create table :schema.subject_keys (
  subject       text    not null primary key collate "C",
  -- Null once the subject was erased, or where it never had a key.
  key_id        text    collate "C",
  master_key_id text    collate "C",
  wrapped       bytea,
  created_at    bigint  not null,
  erased_at     bigint,
  erased_by     text    collate "C",
  erased_reason text    collate "C",
  destroyed_key boolean,
  completed_at  bigint,
  check ((key_id is null) = (wrapped is null) and (key_id is null) = (master_key_id is null)),
  check ((erased_at is null) = (key_id is not null))
);
create index subject_keys_incomplete on :schema.subject_keys (erased_at) where erased_at is not null and completed_at is null;

-- Who read, wrote, replayed or operated what; never the data itself.
create table :schema.access_log (
  id          bigint generated always as identity primary key,
  at          bigint not null,
  actor       text   not null collate "C",
  role        text   not null collate "C",
  action      text   not null collate "C",
  -- What it was done to: a stream, a projection, a data subject.
  target      text   collate "C",
  outcome     text   not null collate "C"
);
create index access_log_at on :schema.access_log (at);
create index access_log_target on :schema.access_log (target, at) where target is not null;
create index access_log_actor on :schema.access_log (actor, at);

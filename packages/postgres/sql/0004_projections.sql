-- 0004_projections: read models beside each other, and streams held behind a parked record (docs/reference/projection-tables.md)
-- in:    schema name
-- out:   projections, projection_builds, inline_commits, inline_holds; function refuse_document; two columns of parked_records
-- locks: parked_records and operator_actions, access exclusive, for as long as changing their descriptions takes

create table :schema.projections (
  projection text        not null primary key,
  created_at timestamptz not null default now()
);

-- One building of a read model: its version, and how often that version was built before (run).
create table :schema.projection_builds (
  projection   text        not null references :schema.projections,
  version      integer     not null check (version between 1 and 9999),
  run          integer     not null check (run between 1 and 9999),
  processor    text        not null unique,
  form         text        not null check (form in ('documents', 'tables')),
  partitions   integer     not null check (partitions between 1 and 64),
  -- Where the tables and views lie, and the names under which they are read.
  model_schema text        not null,
  tables       text[]      not null,
  state        text        not null check (state in ('building', 'switching', 'live', 'retired')),
  started_by   text        not null,
  started_at   timestamptz not null default now(),
  switching_at timestamptz,
  live_at      timestamptz,
  retired_at   timestamptz,
  primary key (projection, version, run)
);

-- What is read, and at most one that is to follow it.
create unique index projection_builds_live on :schema.projection_builds (projection) where state = 'live';
create unique index projection_builds_next on :schema.projection_builds (projection)
  where state in ('building', 'switching');

-- Commits that fed a partition's read model in the append's own transaction; the partition passes them over and forgets
-- them with its checkpoint.
create table :schema.inline_commits (
  processor       text    not null,
  partition       integer not null,
  position_commit bigint  not null,
  primary key (processor, partition, position_commit)
);

-- A partition whose processor is at work on events that no append fed: until then appends feed nothing of it.
create table :schema.inline_holds (
  processor text        not null,
  partition integer     not null,
  until     timestamptz not null,
  primary key (processor, partition)
);

alter table :schema.parked_records
  add column held_stream text,
  add column waiting boolean not null default false;

create index parked_records_held on :schema.parked_records
  (processor, partition, held_stream, position_commit, position_index) where held_stream is not null;

alter table :schema.operator_actions drop constraint operator_actions_action_check;
alter table :schema.operator_actions add constraint operator_actions_action_check
  check (action in ('retry', 'remove', 'pause', 'resume', 'rebuild', 'cancel', 'reset', 'drop'));

-- refuse_document: ends the transaction of a write that does not continue the document as it is
-- in:    the document's key, what the writer found, what is there
create function :schema.refuse_document(key text, found text, present text) returns integer
language plpgsql as $$
begin
  raise exception 'document % was changed by another writer: found %, present %', left(key, 100), found, present
    using errcode = 'MR003';
end $$;

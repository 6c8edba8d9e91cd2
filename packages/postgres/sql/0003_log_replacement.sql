-- 0003_log_replacement: how a log is copied and its copy put in its place (docs/reference/postgres-tables.md)
-- in:    schema name
-- out:   log_replacement, log_copy; function refuse_replaced
-- locks: none that running code waits for: everything is new, and empty until a log is replaced

-- At most one row: this schema's log is being replaced, or was.
create table :schema.log_replacement (
  only_row         boolean not null primary key default true check (only_row),
  -- Schema that holds the copy.
  by_schema        text    not null collate "C",
  -- Of this log, and of its copy.
  generation       text    not null collate "C",
  by_generation    text    not null collate "C",
  -- Until it is set, appends wait.
  replaced_at      bigint,
  -- Last commit of the copy when it took this log's place.
  by_seq           bigint
);

-- At most one row: this schema's log is a copy of another's, and how far it has got.
create table :schema.log_copy (
  only_row          boolean not null primary key default true check (only_row),
  source_schema     text    not null collate "C",
  source_generation text    not null collate "C",
  source_seq        bigint  not null,
  -- Set once it has taken the other's place: from then on it is a log like any other.
  completed_at      bigint
);

-- Stops appends to a log that is replaced. Its trigger on commits exists only while there is a row in log_replacement.
create function :schema.refuse_replaced() returns trigger language plpgsql as $$
declare
  replacement :schema.log_replacement;
begin
  select * into replacement from :schema.log_replacement;
  if not found then return null; end if;
  if replacement.replaced_at is null then
    raise exception 'the log of schema :schema is being replaced' using errcode = 'MR002';
  end if;
  raise exception '% %', replacement.generation, replacement.by_generation using errcode = 'MR001';
end $$;

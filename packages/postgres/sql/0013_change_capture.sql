-- 0013_change_capture: changes of captured tables, written by triggers (docs/reference/capture-tables.md)
-- in:    schema name
-- out:   change_log, captures, changes, change_rekeys; sequence change_seq; functions install_capture, repair_capture,
--        remove_capture, capture_faults and what they are made of
-- locks: none that running code waits for: everything is new

-- One row. The generation is part of every position of this log.
create table :schema.change_log (
  only_row   boolean not null primary key default true check (only_row),
  generation text    not null collate "C",
  -- Changes up to here have left the log by their age.
  pruned_seq bigint  not null default 0
);
insert into :schema.change_log (generation) values (replace(gen_random_uuid()::text, '-', ''));

-- Drawn by a statement that has changed its rows and has a transaction id: see docs/decisions/0011-log-holes.md.
create sequence :schema.change_seq as bigint cache 1;

create table :schema.captures (
  id              int      generated always as identity primary key,
  -- What the log calls the table.
  name            text     not null collate "C" unique check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  relation        regclass not null unique,
  -- As they were when the triggers were written.
  relation_schema text     not null,
  relation_name   text     not null,
  key_columns     text[]   not null,
  tenant_column   text,
  excluded        text[]   not null,
  columns         jsonb    not null,
  installed_at    bigint   not null
);

-- One row for each row that was changed; rows of one seq are one commit of the log.
create table :schema.changes (
  seq            bigint  not null,
  -- Milliseconds since 1970.
  recorded_at    bigint  not null,
  transaction_id xid8    not null,
  row_index      int     not null,
  last_index     int     not null,
  operation      text    not null collate "C"
    check (operation in ('inserted', 'updated', 'deleted', 'truncated', 'rekeyed', 'redacted')),
  capture        text    not null collate "C",
  -- Null where no row is named: truncated, redacted.
  row_key        text    collate "C",
  new_key        text    collate "C",
  tenant         text    collate "C",
  -- The partition that was written to by its own name.
  part           text,
  changed        text[],
  old_row        json,
  new_row        json,
  primary key (seq, row_index)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);

-- Rows whose primary key the running statement changed; empty again when it ends.
create unlogged table :schema.change_rekeys (
  transaction_id xid8 not null,
  capture        int  not null,
  depth          int  not null,
  old_key        text not null,
  new_key        text not null,
  tenant         text,
  changed        text[] not null,
  old_row        json not null,
  new_row        json not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index change_rekeys_statement on :schema.change_rekeys (transaction_id, capture, depth);

-- Whoever is let in by a GRANT sees the changes of one tenant: that of the setting millrace.tenant.
alter table :schema.changes enable row level security;
alter table :schema.captures enable row level security;
alter table :schema.change_rekeys enable row level security;
create policy changes_of_tenant on :schema.changes for select
  using (tenant = nullif(current_setting('millrace.tenant', true), ''));

-- capture_columns: the columns of a table, how each is written, and what that depends on
-- in:    a table
-- out:   number, name and type; cast: what makes of a value one that JSON keeps exactly; settings it is printed by
create function :schema.capture_columns(target regclass)
returns table (number int, name text, type text, virtual boolean, cast_to text, settings text[])
language sql stable set search_path = pg_catalog, pg_temp as $$
  with recursive bases as (
    select attnum, atttypid as type from pg_attribute where attrelid = target and attnum > 0 and not attisdropped
    union all
    select attnum, case typtype when 'd' then typbasetype else typelem end
    from bases join pg_type on pg_type.oid = bases.type
    where typtype = 'd' or (typcategory = 'A' and typelem <> 0 and typlen = -1)
  ), facts as (
    select attnum,
      bool_or(typcategory = 'A' and typelem <> 0 and typlen = -1) as is_array,
      bool_or(pg_type.oid in ('int8'::regtype, 'numeric'::regtype)) as is_wide,
      bool_or(pg_type.oid = 'money'::regtype) as is_money,
      -- Composite types nest numbers; types of extensions may bring a cast to JSON of their own.
      bool_or(typtype = 'c' or (typtype = 'b' and pg_type.oid >= 16384 and typcategory <> 'A')) as is_foreign,
      bool_or(pg_type.oid in ('timestamptz'::regtype, 'timetz'::regtype)) as has_zone,
      bool_or(pg_type.oid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)) as has_date,
      bool_or(pg_type.oid = 'interval'::regtype) as has_interval,
      bool_or(pg_type.oid in ('float4'::regtype, 'float8'::regtype)) as has_float,
      bool_or(pg_type.oid = 'bytea'::regtype) as has_bytes,
      bool_or(typtype in ('c', 'r', 'm') or (typtype = 'b' and pg_type.oid >= 16384 and typcategory <> 'A')
        or typcategory = 'G') as has_any
    from bases join pg_type on pg_type.oid = bases.type group by attnum
  )
  select a.attnum::int, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attgenerated = 'v',
    case when is_money then '::numeric' || case when is_array then '[]::text[]' else '::text' end
      when is_wide or is_foreign then case when is_array then '::text[]' else '::text' end
      else '' end,
    array_remove(array[
      case when has_zone or has_any then 'timezone = ''UTC''' end,
      case when has_date or has_any then 'datestyle = ''ISO, YMD''' end,
      case when has_interval or has_any then 'intervalstyle = ''iso_8601''' end,
      case when has_float or has_any then 'extra_float_digits = 1' end,
      case when has_bytes or has_any then 'bytea_output = ''hex''' end], null)
  from facts join pg_attribute a on a.attrelid = target and a.attnum = facts.attnum
  order by a.attnum
$$;

-- capture_tables: a table with all of its partitions
create function :schema.capture_tables(target regclass) returns table (relation regclass, part boolean)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select target, false from pg_class where oid = target
  union all
  select t.relid, true from pg_partition_tree(target) t join pg_class c on c.oid = t.relid
  where t.level > 0 and c.relkind in ('r', 'p')
$$;

create function :schema.capture_key(target regclass) returns text[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select array_agg(a.attname::text order by k.place)
  from pg_constraint c cross join unnest(c.conkey) with ordinality k (number, place)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
  where c.conrelid = target and c.contype = 'p'
$$;

-- capture_refusal: why a table cannot be captured, null where it can
create function :schema.capture_refusal(target regclass, excluded text[], tenant_column text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  class   pg_class;
  key     text[] := :schema.capture_key(target);
  missing text;
begin
  select * into class from pg_class where oid = target;
  if class.relkind not in ('r', 'p') then return 'is no table: views, foreign tables and the like have no row changes'; end if;
  if class.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, ':schema'::regnamespace) then
    return 'is a table of the database or of Millrace itself';
  end if;
  if class.relpersistence = 't' then return 'is temporary: nobody else sees it'; end if;
  if class.relpersistence = 'u' then return 'is unlogged: a crash of the server empties it without a change that could be recorded'; end if;
  if class.relispartition then
    return format('is a partition of %s: capture that', (select inhparent::regclass from pg_inherits where inhrelid = target limit 1));
  end if;
  if class.relkind = 'r' and exists (select from pg_inherits where target in (inhparent, inhrelid)) then
    return 'takes part in inheritance: a key is not unique over parent and children';
  end if;
  if key is null then return 'has no primary key'; end if;
  if exists (select from pg_constraint where conrelid = target and contype = 'p' and condeferrable) then
    return 'has a deferrable primary key: two rows may have one key while a transaction runs';
  end if;
  if exists (select from pg_subscription_rel where srrelid = target) then
    return 'is filled by a subscription: logical replication runs no statement triggers';
  end if;
  select e into missing from unnest(excluded || tenant_column) e
    where e is not null and e not in (select name from :schema.capture_columns(target)) limit 1;
  if missing is not null then return format('has no column %I', missing); end if;
  if key && excluded then return 'cannot exclude a column of its primary key'; end if;
  if tenant_column = any (excluded) then return 'cannot exclude the tenant column'; end if;
  select name into missing from :schema.capture_columns(target) where virtual and name <> all (excluded) limit 1;
  if missing is not null then
    return format('has the virtual column %I, which triggers do not see: exclude it', missing);
  end if;
  if (select count(*) from :schema.capture_columns(target) where name <> all (excluded)) > 500 then
    return 'has more than 500 columns: exclude some';
  end if;
  return null;
end $$;

-- capture_code: the bodies of the functions a capture's triggers call
-- in:    a row of captures
-- out:   statement: after a statement; rekeyed: after a row whose key changed; opening: before a statement that may cause
--        others before its end; settings: what values are printed by
create function :schema.capture_code(c :schema.captures, out statement text, out rekeyed text, out opening text, out settings text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  -- A row that moves to another partition is not seen by the trigger for changed keys: it is missing on one side.
  joined     text := case when (select relkind from pg_class where oid = c.relation) = 'p' then 'full join' else 'join' end;
  of_old     text; -- o."a", o."b"::text as "b"
  of_new     text;
  changed    text;
  same_key   text;
  old_key    text;
  new_key    text;
  marks      text;
  old_rest   text;
  new_rest   text;
  old_tenant text := coalesce('o.' || quote_ident(c.tenant_column) || '::text', 'null::text');
  new_tenant text := coalesce('n.' || quote_ident(c.tenant_column) || '::text', 'null::text');
  put        text;
  pair       text;
  pairs      text;
begin
  select string_agg(format('o.%1$I%2$s as %1$I', f.name, f.cast_to), ', ' order by f.number),
    string_agg(format('n.%1$I%2$s as %1$I', f.name, f.cast_to), ', ' order by f.number),
    format('array_remove(array[%s]::text[], null)', string_agg(
      format('case when row(o.%1$I)::record operator(pg_catalog.*<>) row(n.%1$I)::record then %1$L end', f.name), ', ' order by f.number)),
    (select coalesce(string_agg(' set ' || needed, '' order by needed), '')
     from (select distinct unnest(g.settings) from :schema.capture_columns(c.relation) g where g.name <> all (c.excluded)) as s (needed))
  into of_old, of_new, changed, settings
  from :schema.capture_columns(c.relation) f where f.name <> all (c.excluded);
  select string_agg(format('o.%1$I = n.%1$I', k), ' and ' order by place),
    string_agg(format('o.%I::text', k), ', ' order by place),
    string_agg(format('n.%I::text', k), ', ' order by place)
  into same_key, old_key, new_key
  from unnest(c.key_columns) with ordinality k (k, place);
  if cardinality(c.key_columns) > 1 then
    old_key := 'array_to_json(array[' || old_key || '])::text';
    new_key := 'array_to_json(array[' || new_key || '])::text';
  end if;
  marks := format(' :schema.change_rekeys k where k.transaction_id = mr.id and k.capture = %s and k.depth = mr.depth', c.id);
  old_rest := '(select * from old_rows o where ' || old_key || ' not in (select k.old_key from' || marks || '))';
  new_rest := '(select * from new_rows n where ' || new_key || ' not in (select k.new_key from' || marks || '))';
  -- Variables are qualified, and columns too, so that no column of a table is taken for a variable.
  put := format($code$insert into :schema.changes (seq, recorded_at, transaction_id, row_index, last_index, operation, capture, part, row_key, new_key, tenant, changed, old_row, new_row)
    select mr.numbers[1 + s.place / mr.size], mr.now, mr.id, mod(s.place, mr.size), least(mr.size, mr.found - s.place / mr.size * mr.size) - 1, s.operation, %L, mr.part, s.row_key, s.new_key, s.tenant, s.changed, s.old_row, s.new_row
    from $code$, c.name);
  pair := format($code$(select (row_number() over ())::int - 1 + mr.rekeys as place,
      case when o.%1$I is null then 'inserted' when n.%1$I is null then 'deleted' else 'updated' end as operation,
      case when o.%1$I is null then %3$s else %2$s end as row_key, null::text as new_key,
      case when n.%1$I is null then %4$s else %5$s end as tenant,
      case when o.%1$I = n.%1$I then %6$s end as changed,
      case when o.%1$I is not null then (select row_to_json(r.*) from (select %7$s) r) end as old_row,
      case when n.%1$I is not null then (select row_to_json(r.*) from (select %8$s) r) end as new_row
    from $code$, c.key_columns[1], old_key, new_key, old_tenant, new_tenant, changed, of_old, of_new);
  pairs := ' o ' || joined || ' ';
  same_key := ' n on ' || same_key;

  statement := $code$
<<mr>>
declare
  size    int := 100;
  found   int;
  rekeys  int := 0;
  depth   int := pg_trigger_depth();
  id      xid8;
  now     bigint;
  number  bigint;
  numbers bigint[];
  part    text;
begin
  if current_setting(':schema.pending_changes', true) <> '' then
    mr.number := :schema.take_change(TG_OP, mr.depth);
  end if;
  if TG_OP = 'INSERT' then select count(*) into mr.found from new_rows;
  elsif TG_OP = 'DELETE' then select count(*) into mr.found from old_rows;
  elsif TG_OP = 'UPDATE' then select count(*) into mr.found from new_rows;
  else mr.found := 1;
  end if;
  if mr.found = 0 then return null; end if;
  mr.id := pg_current_xact_id();
  mr.now := (date_part('epoch', clock_timestamp()) * 1000)::bigint;
  if TG_NARGS > 0 then mr.part := TG_RELID::regclass::text; end if;
  if TG_OP = 'UPDATE' then
    select count(*) into mr.rekeys from$code$ || marks || ';' || case when joined = 'join' then '' else '
    select count(*) + mr.rekeys into mr.found from ' || old_rest || pairs || new_rest || same_key || ';' end || $code$
  end if;
  if mr.number is not null then
    -- Drawn for all of the statement, before those that came in between; an index has twenty bits in an id.
    mr.size := 1000000;
    mr.numbers := mr.number || array(select nextval(':schema.change_seq') from generate_series(2, (mr.found + mr.size - 1) / mr.size));
  elsif mr.found <= mr.size then mr.numbers := array[nextval(':schema.change_seq')];
  else mr.numbers := array(select nextval(':schema.change_seq') from generate_series(1, (mr.found + mr.size - 1) / mr.size));
  end if;
  if TG_OP = 'INSERT' then
    $code$ || put || '(select (row_number() over ())::int - 1 as place, ''inserted'' as operation, ' || new_key || ' as row_key, null::text as new_key, ' || new_tenant
    || ' as tenant, null::text[] as changed, null::json as old_row, row_to_json(n.*) as new_row from (select ' || of_new || $code$ from new_rows n) n) s;
  elsif TG_OP = 'DELETE' then
    $code$ || put || '(select (row_number() over ())::int - 1 as place, ''deleted'' as operation, ' || old_key || ' as row_key, null::text as new_key, ' || old_tenant
    || ' as tenant, null::text[] as changed, row_to_json(o.*) as old_row, null::json as new_row from (select ' || of_old || $code$ from old_rows o) o) s;
  elsif TG_OP = 'TRUNCATE' then
    $code$ || put || $code$(select 0 as place, 'truncated' as operation, null::text as row_key, null::text as new_key, null::text as tenant, null::text[] as changed, null::json as old_row, null::json as new_row) s;
  elsif mr.rekeys = 0 then
    $code$ || put || pair || 'old_rows' || pairs || 'new_rows' || same_key || $code$) s;
  else
    $code$ || put || '(select (row_number() over ())::int - 1 as place, ''rekeyed'' as operation, k.old_key as row_key, k.new_key, k.tenant, k.changed, k.old_row, k.new_row from' || marks || $code$) s;
    $code$ || put || pair || old_rest || pairs || new_rest || same_key || $code$) s;
    delete from$code$ || marks || $code$;
  end if;
  return null;
end$code$;

  rekeyed := $code$
begin
  insert into :schema.change_rekeys (transaction_id, capture, depth, old_key, new_key, tenant, changed, old_row, new_row)
  select pg_current_xact_id(), $code$ || c.id || ', pg_trigger_depth(), ' || old_key || ', ' || new_key || ', ' || new_tenant || ', ' || changed
    || ', (select row_to_json(r.*) from (select ' || of_old || ') r), (select row_to_json(r.*) from (select ' || of_new || $code$) r)
  from (select (old).*) o, (select (new).*) n;
  return null;
end$code$;

  opening := $code$
begin
  perform set_config(':schema.pending_changes', concat_ws(',', nullif(current_setting(':schema.pending_changes', true), ''), pg_trigger_depth() || ' ' || TG_OP || ' '), true);
  return null;
end$code$;
end $$;

-- take_change: what the statements around this one need before it is recorded
-- in:    of the statement whose end this is: its operation and depth
-- out:   its number, where one was drawn for it by a statement inside of it; null: it draws its own
--        Statements that a trigger runs end before the statement that fired it, and change the same rows after it: those
--        around them get their numbers first. The setting pending_changes lists them: depth, operation, number
create function :schema.take_change(operation text, depth int) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  rest   text[] := '{}';
  entry  text;
  result bigint;
begin
  perform pg_current_xact_id();
  foreach entry in array string_to_array(current_setting(':schema.pending_changes'), ',') loop
    if split_part(entry, ' ', 1)::int < depth then
      rest := rest || case when split_part(entry, ' ', 3) = '' then entry || nextval(':schema.change_seq') else entry end;
    elsif split_part(entry, ' ', 1)::int = depth and split_part(entry, ' ', 2) = operation then
      result := nullif(split_part(entry, ' ', 3), '')::bigint;
    elsif split_part(entry, ' ', 1)::int = depth then
      rest := rest || entry;
    end if;
  end loop;
  perform set_config(':schema.pending_changes', array_to_string(rest, ','), true);
  return result;
end $$;

-- capture_opens: whether statements on a table may cause others that end before they do
create function :schema.capture_opens(c :schema.captures) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select exists (select from pg_trigger t join :schema.capture_tables(c.relation) r on r.relation = t.tgrelid
      join pg_proc p on p.oid = t.tgfoid
      where not t.tgisinternal and t.tgtype & 1 = 1 and t.tgtype & 2 = 0
        and (p.pronamespace <> ':schema'::regnamespace or p.proname <> 'capture_' || c.id || '_rekeyed'))
    or exists (select from pg_constraint where contype = 'f' and confrelid = c.relation
      and (confupdtype in ('c', 'n', 'd') or confdeltype in ('c', 'n', 'd')))
$$;

-- capture_triggers: the triggers a capture has to have
create function :schema.capture_triggers(c :schema.captures)
returns table (relation regclass, name text, definition text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select t.relation, x.name, format('create trigger %I %s on %s %s execute function :schema.%I(%s)', x.name, x.at, t.relation, x.each,
    'capture_' || c.id || x.runs, case when t.part then quote_literal('part') else '' end)
  from :schema.capture_tables(c.relation) t cross join lateral (
    select ':schema' || '_' || c.id || '_' || y.suffix, y.at, y.each, y.runs
    from (values
      ('insert', 'after insert', 'referencing new table as new_rows for each statement', ''),
      ('update', 'after update', 'referencing old table as old_rows new table as new_rows for each statement', ''),
      ('delete', 'after delete', 'referencing old table as old_rows for each statement', ''),
      ('truncate', 'after truncate', 'for each statement', ''),
      ('rekeyed', 'after update', format('for each row when (%s)',
        (select string_agg(format('old.%1$I is distinct from new.%1$I', k), ' or ') from unnest(c.key_columns) k)), '_rekeyed'),
      ('opening', 'before insert or update or delete', 'for each statement', '_opening')
    ) y (suffix, at, each, runs)
    -- A trigger for rows is copied to partitions by the server.
    where case y.suffix when 'rekeyed' then not t.part when 'opening' then :schema.capture_opens(c) else true end
  ) x (name, at, each, runs)
$$;

-- drop_capture_triggers: takes the triggers of a capture off every table
create function :schema.drop_capture_triggers(capture_id int) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone record;
begin
  for gone in
    select t.tgrelid::regclass as relation, t.tgname from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where p.pronamespace = ':schema'::regnamespace and t.tgparentid = 0
      and p.proname in ('capture_' || capture_id, 'capture_' || capture_id || '_rekeyed', 'capture_' || capture_id || '_opening')
  loop
    execute format('drop trigger %I on %s', gone.tgname, gone.relation);
  end loop;
end $$;

-- write_capture: makes the functions and triggers of a capture anew, for its table as it is now
-- in:    id of a capture
-- locks: the table and its partitions, share row exclusive, until the end of the transaction: writers wait
create function :schema.write_capture(capture_id int) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  c       :schema.captures;
  code    record;
  refusal text;
  made    record;
begin
  select * into strict c from :schema.captures where id = capture_id for update;
  if not exists (select from pg_class where oid = c.relation) then
    raise exception 'does not exist any more' using errcode = 'MR010';
  end if;
  execute format('lock table %s in share row exclusive mode', c.relation);
  refusal := :schema.capture_refusal(c.relation, c.excluded, c.tenant_column);
  if refusal is not null then raise exception '%', refusal using errcode = 'MR010'; end if;
  update :schema.captures set key_columns = :schema.capture_key(c.relation),
    relation_schema = (select nspname from pg_class t join pg_namespace n on n.oid = t.relnamespace where t.oid = c.relation),
    relation_name = (select relname from pg_class where oid = c.relation),
    columns = (select jsonb_agg(jsonb_build_object('number', f.number, 'name', f.name, 'type', f.type) order by f.number)
               from :schema.capture_columns(c.relation) f where f.name <> all (c.excluded)),
    installed_at = (date_part('epoch', clock_timestamp()) * 1000)::bigint
  where id = capture_id returning * into c;
  perform :schema.drop_capture_triggers(capture_id);
  code := :schema.capture_code(c);
  for made in values ('', code.statement), ('_rekeyed', code.rekeyed), ('_opening', code.opening) loop
    -- Whoever may write to the table need not have any right in this schema.
    execute format('create or replace function :schema.%I() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp%s as %L',
      'capture_' || capture_id || made.column1, code.settings, made.column2);
    execute format('revoke all on function :schema.%I() from public', 'capture_' || capture_id || made.column1);
  end loop;
  for made in select * from :schema.capture_triggers(c) loop
    execute made.definition;
    -- Also where session_replication_role is replica: rows that are loaded are changes as well.
    execute format('alter table %s enable always trigger %I', made.relation, made.name);
  end loop;
end $$;

-- install_capture: begins to record the changes of a table
-- in:    the table; what the log calls it; columns that never leave it; the column that names the tenant, or null
-- out:   id of the capture. Asked for again in the same words: nothing is changed
-- locks: as write_capture
create function :schema.install_capture(target regclass, capture_name text, without text[], tenant text) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  c       :schema.captures;
  refusal text := :schema.capture_refusal(target, without, tenant);
begin
  perform pg_advisory_xact_lock(hashtext('millrace captures'), hashtext(':schema'));
  select * into c from :schema.captures where relation = target;
  if found then
    if c.name = capture_name and c.excluded = without and c.tenant_column is not distinct from tenant then return c.id; end if;
    raise exception 'is captured already, as % and with other settings: remove that first', c.name using errcode = 'MR010';
  end if;
  if exists (select from :schema.captures where name = capture_name) then
    raise exception 'cannot be called %: that is %', capture_name, (select relation from :schema.captures where name = capture_name)
      using errcode = 'MR010';
  end if;
  if refusal is not null then raise exception '%', refusal using errcode = 'MR010'; end if;
  insert into :schema.captures (name, relation, relation_schema, relation_name, key_columns, tenant_column, excluded, columns, installed_at)
  values (capture_name, target, '', '', '{}', tenant, without, '[]', 0) returning * into c;
  perform :schema.write_capture(c.id);
  return c.id;
end $$;

-- repair_capture: makes a capture fit its table again; for use in the transaction that alters the table, too
-- in:    what the log calls the table
-- locks: as write_capture
create function :schema.repair_capture(capture_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform :schema.write_capture(id) from :schema.captures where name = capture_name;
  if not found then raise exception 'is not captured' using errcode = 'MR011'; end if;
end $$;

-- remove_capture: takes a capture off its table; what it has recorded stays in the log unless asked otherwise
-- in:    what the log calls the table; whether its changes go too
-- out:   whether there was one
create function :schema.remove_capture(capture_name text, forget boolean) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  capture_id int;
  suffix     text;
begin
  delete from :schema.captures where name = capture_name returning id into capture_id;
  if capture_id is not null then
    perform :schema.drop_capture_triggers(capture_id);
    foreach suffix in array array['', '_rekeyed', '_opening'] loop
      execute format('drop function :schema.%I()', 'capture_' || capture_id || suffix);
    end loop;
  end if;
  -- After the triggers are gone: nothing can be recorded any more.
  if forget then delete from :schema.changes where capture = capture_name; end if;
  return capture_id is not null;
end $$;

-- capture_faults: where a capture and its table do not agree
-- in:    a row of captures
-- out:   kind and subject of each fault; nothing where all is as it was installed
create function :schema.capture_faults(c :schema.captures) returns table (kind text, subject text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  class   pg_class;
  refusal text;
  same    boolean;
begin
  select * into class from pg_class where oid = c.relation;
  if not found then
    return query select case when to_regclass(format('%I.%I', c.relation_schema, c.relation_name)) is null then 'table-dropped' else 'table-replaced' end,
      format('%I.%I', c.relation_schema, c.relation_name);
    return;
  end if;
  if class.relname <> c.relation_name or (select nspname from pg_namespace where oid = class.relnamespace) <> c.relation_schema then
    return query select 'table-renamed', c.relation::text;
  end if;
  -- By name, and by number only where a name is gone: numbers are others after a restore.
  return query
    with was as (select * from jsonb_to_recordset(c.columns) as w (number int, name text, type text)),
      is_now as (select f.number, f.name, f.type from :schema.capture_columns(c.relation) f where f.name <> all (c.excluded)),
      gone as (select * from was where name not in (select n.name from is_now n)),
      come as (select * from is_now where name not in (select w.name from was w))
    select 'column-renamed', format('%I is %I', g.name, n.name) from gone g join come n using (number) union all
    select 'column-dropped', quote_ident(g.name) from gone g where g.number not in (select n.number from come n) union all
    select 'column-added', quote_ident(n.name) from come n where n.number not in (select g.number from gone g) union all
    select 'column-retyped', quote_ident(w.name) from was w join is_now n using (name) where w.type <> n.type;
  same := not found;
  if :schema.capture_key(c.relation) is distinct from c.key_columns then
    return query select 'key-changed', coalesce(array_to_string(:schema.capture_key(c.relation), ', '), '');
    same := false;
  end if;
  refusal := :schema.capture_refusal(c.relation, c.excluded, c.tenant_column);
  if refusal is not null then
    return query select 'refused', refusal;
  elsif same then
    return query select 'code-changed', p.name from :schema.capture_code(c) k
      cross join lateral (values ('', k.statement), ('_rekeyed', k.rekeyed), ('_opening', k.opening)) e (suffix, body)
      cross join lateral (select 'capture_' || c.id || e.suffix) p (name)
      where not exists (select from pg_proc f where f.pronamespace = ':schema'::regnamespace and f.proname = p.name and f.prosrc = e.body);
  end if;
  return query
    select case when t.tgname is null then 'trigger-missing' else 'trigger-disabled' end, format('%s on %s', x.name, x.relation)
    from :schema.capture_triggers(c) x left join pg_trigger t on t.tgrelid = x.relation and t.tgname = x.name
    where t.tgname is null or t.tgenabled <> 'A'
    order by x.relation, x.name;
end $$;

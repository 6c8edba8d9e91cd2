-- 0016_observer_rules: keys that a dead letter holds (docs/reference/ledger-tables.md), and rules of observers as rows
--                      (docs/reference/observer-rule-tables.md)
-- in:    schema name
-- out:   columns deliveries.holds and dead_letters.holds, index dead_letters_holding; tables observer_rules,
--        observer_rule_history and observer_rule_state, with what keeps versions and history
-- locks: the tables of open deliveries and of dead letters, for a moment

alter table :schema.deliveries add column holds boolean not null default false;
alter table :schema.dead_letters add column holds boolean not null default false;

-- Serves the look for a dead letter that holds a key; the others do not pay for it.
create index dead_letters_holding on :schema.dead_letters (processor, partition, action, key, seq) where holds;

-- A rule, or only whether one of the code or of a file is on. Version, name of who wrote and time are the trigger's.
create table :schema.observer_rules (
  name       text        not null primary key check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  -- As the guide describes it, kept byte for byte; null where the row only switches a rule that lies elsewhere.
  rule       json,
  -- Wins over what the rule says; null: as the rule says.
  enabled    boolean,
  version    bigint      not null default 0,
  changed_by text        not null default '',
  changed_at timestamptz not null default now(),
  check (rule is not null or enabled is not null)
);

-- Every version of every row there ever was. Append-only.
create table :schema.observer_rule_history (
  name       text        not null,
  version    bigint      not null,
  action     text        not null check (action in ('put', 'remove', 'enable', 'disable', 'reset')),
  rule       json,
  enabled    boolean,
  changed_by text        not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (name, version)
);

-- One row: a number that grows with every change, so that whoever runs rules sees by one cheap read that there are others.
create table :schema.observer_rule_state (
  one      boolean not null primary key default true check (one),
  revision bigint  not null default 0,
  -- Grows when somebody asks that files of rules are read anew.
  reloads  bigint  not null default 0
);

insert into :schema.observer_rule_state default values;

-- number_observer_rule: gives a row its version, and says who wrote it
-- in:    setting millrace.operator, who makes the change; without it, the user of the session
-- locks: the row of observer_rule_state until commit: versions have the order of commits
create function :schema.number_observer_rule() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.name <> old.name then
    raise exception 'a rule keeps its name: deliveries are found by it' using errcode = 'check_violation';
  end if;
  perform from :schema.observer_rule_state for update;
  select coalesce(max(h.version), 0) + 1 into new.version from :schema.observer_rule_history h where h.name = new.name;
  new.changed_by := coalesce(nullif(current_setting('millrace.operator', true), ''), 'sql:' || session_user);
  new.changed_at := clock_timestamp();
  return new;
end $$;

-- note_observer_rule: keeps a change in the history and lets the revision grow
-- in:    as above
-- locks: as above
create function :schema.note_observer_rule() returns trigger language plpgsql as $$
declare
  who text := coalesce(nullif(current_setting('millrace.operator', true), ''), 'sql:' || session_user);
begin
  update :schema.observer_rule_state set revision = revision + 1;
  if tg_op = 'DELETE' then
    insert into :schema.observer_rule_history (name, version, action, rule, enabled, changed_by)
    select old.name, max(h.version) + 1, 'remove', old.rule, old.enabled, who
    from :schema.observer_rule_history h where h.name = old.name;
    return null;
  elsif tg_op = 'TRUNCATE' then
    insert into :schema.observer_rule_history (name, version, action, rule, enabled, changed_by)
    select r.name, r.version + 1, 'remove', r.rule, r.enabled, who from :schema.observer_rules r;
    return null;
  end if;
  insert into :schema.observer_rule_history (name, version, action, rule, enabled, changed_by)
  values (new.name, new.version,
    case
      when new.rule is not null and (tg_op = 'INSERT' or new.rule::text is distinct from old.rule::text) then 'put'
      when new.enabled is null then 'reset'
      when new.enabled then 'enable'
      else 'disable'
    end,
    new.rule, new.enabled, who);
  return null;
end $$;

create trigger observer_rules_numbered before insert or update on :schema.observer_rules
  for each row execute function :schema.number_observer_rule();

create trigger observer_rules_noted after insert or update or delete on :schema.observer_rules
  for each row execute function :schema.note_observer_rule();

create trigger observer_rules_emptied before truncate on :schema.observer_rules
  for each statement execute function :schema.note_observer_rule();

-- receiver: what the receiver inside the app was sent, one row for each webhook id
-- in:    run at every start
-- out:   `times` counts how often a webhook arrived, the first time included
-- locks: none

create table if not exists inbox_received (
  webhook_id text primary key,
  body json not null,
  times int not null,
  first_at timestamptz not null,
  last_at timestamptz not null
);

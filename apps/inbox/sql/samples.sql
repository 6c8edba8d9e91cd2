-- samples: sets of sample deliveries that were sent to their end
-- in:    run at every start
-- out:   one row for each set; there only after every delivery of the set was stored
-- locks: none

create table if not exists inbox_samples (
  name text primary key,
  deliveries int not null,
  completed_at timestamptz not null default now()
);

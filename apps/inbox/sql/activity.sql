-- activity: the read model of what happened in each repository
-- in:    run once for each build; `:name` stands for the table of that build
-- out:   three tables; `repository` is the key of a stream: owner/name, org:login or app
-- locks: none that an upsert waits for

create table :activity_days (
  repository text not null,
  day date not null,
  kind text not null,
  events bigint not null,
  primary key (repository, day, kind)
);

create table :activity_contributors (
  repository text not null,
  login text not null,
  events bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (repository, login)
);

create table :activity_issues (
  repository text not null,
  number bigint not null,
  title text not null,
  state text not null,
  primary key (repository, number)
);

-- 0018_job_subjects: the data subjects that jobs are about (docs/reference/dedup-and-job-tables.md)
-- in:    schema name
-- out:   column jobs.subject, index jobs_subject
-- locks: the table of jobs, for an instant; the index has no rows yet

alter table :schema.jobs add column subject text collate "C";

-- Serves the erasure of a subject; jobs about nobody do not pay for it.
create index jobs_subject on :schema.jobs (subject) where subject is not null;

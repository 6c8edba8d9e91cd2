-- former-activity: what the read model of repository activity was before it was a projection
-- in:    run at every start, after the processor that fed it was forgotten
-- out:   its tables are gone; the projection folds the same from the log
-- locks: none where they are gone already

drop table if exists inbox_activity, inbox_contributors, inbox_issues;

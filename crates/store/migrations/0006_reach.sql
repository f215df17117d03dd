-- Looking at one organization, one batch or one review desk costs what is there to see, however much the house has done.

-- The dialect beside the time: lists are counted without looking at their rows.
DROP INDEX jobs_by_organization;
CREATE INDEX jobs_by_organization ON jobs (organization_id, created_at, dialect);
DROP INDEX jobs_by_batch;
CREATE INDEX jobs_by_batch ON jobs (organization_id, batch_id, created_at) WHERE batch_id IS NOT NULL;
DROP INDEX jobs_in_review;
CREATE INDEX jobs_in_review ON jobs (organization_id, created_at) WHERE state = 'in_review';

-- Uploads without a job, by their age.
CREATE INDEX files_uploaded ON files (held_at) WHERE role = 'upload';

-- Reviewing together: who looks at which result just now, and what was marked on it.
-- Results of earlier rounds need no table: their files stay under the role `result:ROUND` until the job lets go of all.

CREATE TABLE review_claims (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX review_claims_by_expiry ON review_claims (expires_at);

-- A JSON array; empty again when the job's files have gone.
ALTER TABLE verdicts ADD COLUMN markings TEXT NOT NULL DEFAULT '[]';

-- Queues of results to look at.
CREATE INDEX jobs_in_review ON jobs (organization_id, finished_at) WHERE state = 'in_review';

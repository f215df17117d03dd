-- People at their pages: who is signed in where, passwords that others chose, work by day, messages without a job.

-- True while the password is one that somebody else chose: the first start, an admin.
ALTER TABLE accounts ADD COLUMN provisional BOOLEAN NOT NULL DEFAULT FALSE;

-- What people recognise a session by.
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE INDEX ledger_by_time ON ledger (organization_id, at);
CREATE INDEX members_by_organization ON members (organization_id, role);
CREATE INDEX tokens_by_organization ON tokens (organization_id, account_id);

-- What was done on a day, counted when a job ends, so that a year of it is some hundred rows whatever the number of
-- jobs. Kinds: `result` (name: the state), `dialect`, `workflow` (its name), `step` (a plugin or component).
CREATE TABLE daily_work (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    pictures BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    pixels BIGINT NOT NULL,
    millis BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day, kind, name)
);
INSERT INTO daily_work (organization_id, day, kind, name, pictures, credits, pixels, millis)
    SELECT organization_id, charged_day, 'result', 'completed', COUNT(*), CAST(SUM(charged) AS BIGINT),
        CAST(SUM(width * height) AS BIGINT), CAST(SUM(COALESCE(finished_at - started_at, 0)) AS BIGINT)
    FROM jobs WHERE state IN ('completed', 'in_review') AND charged_day <> '' GROUP BY organization_id, charged_day;

-- A message that tries whether a receiver hears us is about no job. Neither database can take "NOT NULL" off a column in
-- the same words, so the tables are made anew.
CREATE TABLE deliveries_anew (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    job_id TEXT REFERENCES jobs (id),
    dialect TEXT NOT NULL,
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
INSERT INTO deliveries_anew (id, organization_id, account_id, job_id, dialect, event, url, host, body, state, note,
        tries, next_at, lease_until, last_status, last_error, created_at, finished_at)
    SELECT id, organization_id, account_id, job_id, dialect, event, url, host, body, state, note,
        tries, next_at, lease_until, last_status, last_error, created_at, finished_at FROM deliveries;
CREATE TABLE delivery_tries_anew (
    delivery_id TEXT NOT NULL REFERENCES deliveries_anew (id),
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    millis BIGINT NOT NULL,
    status BIGINT,
    error TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
INSERT INTO delivery_tries_anew (delivery_id, number, at, millis, status, error, excerpt)
    SELECT delivery_id, number, at, millis, status, error, excerpt FROM delivery_tries;
DROP TABLE delivery_tries;
DROP TABLE deliveries;
ALTER TABLE deliveries_anew RENAME TO deliveries;
ALTER TABLE delivery_tries_anew RENAME TO delivery_tries;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE INDEX deliveries_by_account ON deliveries (account_id, created_at);
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, created_at);

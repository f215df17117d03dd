-- Workflows, the authorization server, sign-in sessions, and jobs that belong to workflows and batches.

ALTER TABLE organizations ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN given_name TEXT;
ALTER TABLE accounts ADD COLUMN family_name TEXT;

ALTER TABLE jobs ADD COLUMN workflow_id TEXT;
ALTER TABLE jobs ADD COLUMN workflow_version TEXT;
ALTER TABLE jobs ADD COLUMN workflow_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN batch_id TEXT;
ALTER TABLE jobs ADD COLUMN review BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE jobs ADD COLUMN feedback TEXT;
CREATE INDEX jobs_by_workflow ON jobs (workflow_id, created_at) WHERE workflow_id IS NOT NULL;
CREATE INDEX jobs_by_batch ON jobs (organization_id, batch_id) WHERE batch_id IS NOT NULL;

-- Told by labels of executions; the first execution of a batch names it.
CREATE TABLE batches (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    told_at TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    workflow_id TEXT NOT NULL,
    workflow_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE workflows (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    archived BOOLEAN NOT NULL,
    current_version TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX workflows_by_organization ON workflows (organization_id, created_at);

-- Every version that was ever saved is kept: an execution names the one it ran.
CREATE TABLE workflow_versions (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflows (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    price BIGINT NOT NULL,
    review BOOLEAN NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    saved_at BIGINT NOT NULL,
    UNIQUE (workflow_id, number)
);

CREATE TABLE device_grants (
    device_hash TEXT PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    account_id TEXT,
    organization_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    polled_at BIGINT NOT NULL
);
CREATE INDEX device_grants_by_expiry ON device_grants (expires_at);

CREATE TABLE refresh_tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account_id);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One verdict for each round of a job.
CREATE TABLE verdicts (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    round BIGINT NOT NULL,
    approved BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (job_id, round)
);

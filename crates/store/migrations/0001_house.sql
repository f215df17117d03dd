-- The house: who works here, what they may spend, what they asked for, and whom to tell.
-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BOOLEAN only; times are milliseconds since 1970 in UTC.

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    unmetered BOOLEAN NOT NULL,
    daily_allowance BIGINT,
    priority BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    hook_secret TEXT NOT NULL,
    operator BOOLEAN NOT NULL,
    disabled BOOLEAN NOT NULL,
    -- Virtual time at which this account's next job would start: see queue_turn.
    turn BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);
CREATE INDEX members_by_account ON members (account_id);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX tokens_by_account ON tokens (account_id);

-- Append-only. Every entry carries the balance after it, so the balance is the last entry's and the sum of all amounts.
CREATE TABLE ledger (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    seq BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    kind TEXT NOT NULL,
    job_id TEXT,
    round BIGINT NOT NULL,
    note TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
-- A job's round is charged once and refunded once, whatever happens.
CREATE UNIQUE INDEX ledger_once ON ledger (job_id, kind, round) WHERE job_id IS NOT NULL;

CREATE TABLE daily_use (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    day TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day)
);

CREATE TABLE blobs (
    hash TEXT PRIMARY KEY,
    bytes BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    leaving BOOLEAN NOT NULL
);
CREATE INDEX blobs_by_touch ON blobs (touched_at);

-- Who refers to which bytes: the references are counted here, nowhere else.
CREATE TABLE files (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    job_id TEXT NOT NULL,
    role TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES blobs (hash),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    held_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, role)
);
CREATE INDEX files_by_hash ON files (hash);
CREATE INDEX files_by_organization ON files (organization_id, hash);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    token_id TEXT,
    dialect TEXT NOT NULL,
    work TEXT NOT NULL,
    state TEXT NOT NULL,
    priority BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    round BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease TEXT,
    lease_until BIGINT,
    worker TEXT,
    progress BIGINT NOT NULL,
    step TEXT NOT NULL,
    plugin TEXT NOT NULL,
    reason TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    input_hash TEXT NOT NULL,
    input_name TEXT NOT NULL,
    input_media_type TEXT NOT NULL,
    input_bytes BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    memory BIGINT NOT NULL,
    price BIGINT NOT NULL,
    charged BIGINT NOT NULL,
    charged_day TEXT NOT NULL,
    hooks TEXT NOT NULL,
    result_hash TEXT,
    result_name TEXT,
    result_media_type TEXT,
    result_bytes BIGINT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    expires_at BIGINT NOT NULL,
    purged BOOLEAN NOT NULL
);
CREATE INDEX jobs_in_turn ON jobs (priority DESC, turn, id) WHERE state IN ('waiting', 'delayed');
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'active';
CREATE INDEX jobs_by_organization ON jobs (organization_id, created_at);
CREATE INDEX jobs_by_account ON jobs (account_id, created_at);
CREATE INDEX jobs_by_expiry ON jobs (expires_at) WHERE NOT purged;

CREATE TABLE attempts (
    lease TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    round BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    worker TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX attempts_by_job ON attempts (job_id, started_at);

-- Start tag of the job claimed last. A new job starts no earlier than this and no earlier than its account's own turn:
-- start-time fair queuing, so nobody's backlog stands before somebody else's first job.
CREATE TABLE queue_turn (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    turn BIGINT NOT NULL
);
INSERT INTO queue_turn (one, turn) VALUES (1, 0);

CREATE TABLE idempotency (
    token_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job_id TEXT NOT NULL,
    quota BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (token_id, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    job_id TEXT NOT NULL REFERENCES jobs (id),
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
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE INDEX deliveries_by_account ON deliveries (account_id, created_at);

CREATE TABLE delivery_tries (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    millis BIGINT NOT NULL,
    status BIGINT,
    error TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE hook_hosts (
    pattern TEXT PRIMARY KEY,
    private BOOLEAN NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    budget BIGINT NOT NULL,
    running BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    stopped_at BIGINT
);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

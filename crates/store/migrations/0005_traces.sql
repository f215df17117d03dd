-- The trace of the request that asked for a job, as W3C Trace Context writes it; nothing where no traces are kept.
ALTER TABLE jobs ADD COLUMN trace TEXT;

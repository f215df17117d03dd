//! Files as the database knows them: whose they are, and which blobs nobody needs any more.

use serde::Serialize;

use crate::db::{Conn, execute, rows, value};
use crate::{ContentHash, JobId, OrganizationId, Store, StoreError, Timestamp, WorkflowId};

/// How the role of an earlier result begins; its round follows.
const EARLIER: &str = "result:";

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileFacts {
    /// Names the bytes.
    pub hash: ContentHash,
    /// The file's name as given or to be given to people.
    pub name: String,
    /// Its media type, `image/jpeg`.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: i64,
}

/// What a file is to its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileRole {
    Input,
    Result,
    Upload,
    Asset,
}

impl FileRole {
    fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Result => "result",
            Self::Upload => "upload",
            Self::Asset => "asset",
        }
    }
}

/// The result of a round that was begun anew since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierResult {
    /// The round that brought it.
    pub round: i64,
    /// The file.
    pub file: FileFacts,
}

#[derive(sqlx::FromRow)]
struct EarlierRow {
    role: String,
    #[sqlx(flatten)]
    file: FileRow,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    hash: String,
    name: String,
    media_type: String,
    bytes: i64,
}

impl Store {
    /// Announces bytes that are about to be stored under their hash. Keeps the sweeper away from them until
    /// something refers to them.
    ///
    /// # Errors
    /// [`StoreError::BlobGone`] while the sweeper is taking the same bytes away: ask again in a moment.
    pub async fn expect_blob(
        &self,
        hash: &ContentHash,
        bytes: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let hash = hash.hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let touched = execute!(
                        &mut conn,
                        "INSERT INTO blobs (hash, bytes, touched_at, leaving) VALUES ($1, $2, $3, FALSE)
                         ON CONFLICT (hash) DO UPDATE SET touched_at = excluded.touched_at WHERE NOT blobs.leaving",
                        &hash,
                        bytes,
                        now.0
                    )?;
                    if touched == 0 { Err(StoreError::BlobGone) } else { Ok(()) }
                })
            })
            .await
    }

    /// A file of an organization by its content; another organization's files are not there.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn image(
        &self,
        organization: &OrganizationId,
        hash: &ContentHash,
    ) -> Result<Option<FileFacts>, StoreError> {
        let mut conn = self.db.read().await?;
        let found = rows!(
            FileRow,
            &mut conn.conn(),
            "SELECT hash, name, media_type, bytes FROM files WHERE organization_id = $1 AND hash = $2 LIMIT 1",
            organization.as_str(),
            hash.hex()
        )?;
        found.into_iter().next().map(FileRow::facts).transpose()
    }

    /// Keeps an upload for an organization, no job yet; keeping it again renews it. The bytes must have been announced
    /// and stored.
    ///
    /// # Errors
    /// [`StoreError::BlobGone`] when they were not announced or have been taken away.
    pub async fn keep_upload(
        &self,
        organization: &OrganizationId,
        file: &FileFacts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (organization, file) = (organization.clone(), file.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    let place = JobId::from(format!("upload:{organization}:{}", file.hash));
                    hold(&mut conn, &organization, &place, FileRole::Upload, &file, now).await
                })
            })
            .await
    }

    /// Keeps a picture that a workflow names for as long as the workflow is kept; keeping it again renews it. The bytes
    /// must have been announced and stored.
    ///
    /// # Errors
    /// [`StoreError::BlobGone`] when they were not announced or have been taken away.
    pub async fn keep_asset(
        &self,
        organization: &OrganizationId,
        workflow: &WorkflowId,
        file: &FileFacts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let place = JobId::from(format!("workflow:{workflow}:{}", file.hash));
        let (organization, file) = (organization.clone(), file.clone());
        self.db
            .write(move |mut conn| {
                Box::pin(
                    async move { hold(&mut conn, &organization, &place, FileRole::Asset, &file, now).await },
                )
            })
            .await
    }

    /// Results of a job's earlier rounds whose files are still kept, first to last.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn earlier_results(&self, job: &JobId) -> Result<Vec<EarlierResult>, StoreError> {
        let mut conn = self.db.read().await?;
        let found = rows!(
            EarlierRow,
            &mut conn.conn(),
            "SELECT role, hash, name, media_type, bytes FROM files
             WHERE job_id = $1 AND role LIKE 'result:%' ORDER BY held_at, role",
            job.as_str()
        )?;
        let earlier = |row: EarlierRow| {
            let round = row.role.strip_prefix(EARLIER).and_then(|round| round.parse().ok());
            let round =
                round.ok_or_else(|| StoreError::Corrupt(format!("{} is no earlier result", row.role)))?;
            Ok(EarlierResult { round, file: row.file.facts()? })
        };
        found.into_iter().map(earlier).collect()
    }

    /// Lets go of uploads that were kept before `before`; jobs made of them keep their own hold.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn drop_uploads(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(
                        &mut conn,
                        // The role stands in the text: only so is it known that the index of uploads will do.
                        "DELETE FROM files WHERE role = 'upload' AND held_at < $1",
                        before.0
                    )
                })
            })
            .await
    }

    /// Bytes nobody refers to and nobody announced since `before`; they are marked as leaving and cannot be referred
    /// to any more. The caller deletes the bytes, then calls [`Store::forget_blob`]. They are the caller's alone: nobody
    /// else gets them whose own `before` is not later than `taken_until`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn loose_blobs(
        &self,
        before: Timestamp,
        taken_until: Timestamp,
        limit: i64,
    ) -> Result<Vec<ContentHash>, StoreError> {
        // All old blobs are looked at, most of them in use: that must not hold up whoever writes.
        let mut conn = self.db.read().await?;
        let candidates = rows!(
            (String,),
            &mut conn.conn(),
            "SELECT b.hash FROM blobs b
             WHERE b.touched_at < $1 AND NOT EXISTS (SELECT 1 FROM files f WHERE f.hash = b.hash)
             ORDER BY b.touched_at LIMIT $2",
            before.0,
            limit
        )?;
        drop(conn);
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let leaving = self.db.write(move |mut conn| {
            Box::pin(async move {
                let mut leaving = Vec::with_capacity(candidates.len());
                for (hash,) in candidates {
                    leaving.extend(rows!(
                        (String,),
                        &mut conn,
                        "UPDATE blobs SET leaving = TRUE, touched_at = $3 WHERE hash = $1 AND touched_at < $2
                             AND NOT EXISTS (SELECT 1 FROM files f WHERE f.hash = blobs.hash)
                         RETURNING hash",
                        &hash,
                        before.0,
                        taken_until.0
                    )?);
                }
                Ok(leaving)
            })
        });
        leaving.await?.into_iter().map(|(text,)| text.try_into().map_err(StoreError::Corrupt)).collect()
    }

    /// Forgets bytes that were marked as leaving and have been deleted.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_blob(&self, hash: &ContentHash) -> Result<(), StoreError> {
        let hash = hash.hex();
        self.db
            .write(move |mut conn| {
                Box::pin(async move {
                    execute!(&mut conn, "DELETE FROM blobs WHERE hash = $1 AND leaving", &hash).map(drop)
                })
            })
            .await
    }

    /// True when the database knows these bytes.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn known_blob(&self, hash: &ContentHash) -> Result<bool, StoreError> {
        let mut conn = self.db.read().await?;
        let count = value!(i64, &mut conn.conn(), "SELECT COUNT(*) FROM blobs WHERE hash = $1", hash.hex())?
            .unwrap_or(0);
        Ok(count > 0)
    }
}

impl FileRow {
    fn facts(self) -> Result<FileFacts, StoreError> {
        let hash = self.hash.try_into().map_err(StoreError::Corrupt)?;
        Ok(FileFacts { hash, name: self.name, media_type: self.media_type, bytes: self.bytes })
    }
}

/// Refers to stored bytes from a job. The bytes must have been announced and stored.
pub(crate) async fn hold(
    conn: &mut Conn<'_>,
    organization: &OrganizationId,
    job: &JobId,
    role: FileRole,
    file: &FileFacts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hash = file.hash.hex();
    // Touching the row also locks it against the sweeper until this transaction ends.
    let there =
        execute!(conn, "UPDATE blobs SET touched_at = $2 WHERE hash = $1 AND NOT leaving", &hash, now.0)?;
    if there == 0 {
        return Err(StoreError::BlobGone);
    }
    execute!(
        conn,
        "INSERT INTO files (organization_id, job_id, role, hash, name, media_type, bytes, held_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (job_id, role) DO UPDATE SET hash = excluded.hash, name = excluded.name,
             media_type = excluded.media_type, bytes = excluded.bytes, held_at = excluded.held_at",
        organization.as_str(),
        job.as_str(),
        role.as_str(),
        &hash,
        &file.name,
        &file.media_type,
        file.bytes,
        now.0
    )?;
    Ok(())
}

/// Lets go of a job's files.
pub(crate) async fn release(conn: &mut Conn<'_>, job: &JobId) -> Result<(), StoreError> {
    execute!(conn, "DELETE FROM files WHERE job_id = $1", job.as_str()).map(drop)
}

/// Keeps the result that a job's round brought beside the one that the next round will bring.
pub(crate) async fn keep_as_earlier(conn: &mut Conn<'_>, job: &JobId, round: i64) -> Result<(), StoreError> {
    execute!(
        conn,
        "UPDATE files SET role = $3 WHERE job_id = $1 AND role = $2",
        job.as_str(),
        FileRole::Result.as_str(),
        format!("{EARLIER}{round}")
    )
    .map(drop)
}

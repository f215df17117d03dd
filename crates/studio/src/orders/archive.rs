//! All results of an order as one ZIP, packed while it is sent: stored as they are, never whole in memory.

use std::collections::HashSet;
use std::io::{self, Write};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use chrono::{Datelike, Timelike};
use futures_util::{StreamExt as _, stream};
use service::{FileFacts, Job, JobFilter, JobState, Organization, Service, StoreError, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::order::find;
use crate::asked::segment;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::words::orders as words;

/// Executions looked up at a time.
const AT_A_TIME: i64 = 200;
/// Pieces on their way to the client.
const PIECES: usize = 4;
/// Bytes gathered for one piece.
const PIECE: usize = 256 * 1024;
/// Files from which on the archive's own fields are too narrow without saying so before.
const LARGE: i64 = 0xFFFF_0000;

pub async fn zip(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let order = find(&desk, &visitor, &id).await?;
    if order.completed == 0 {
        return Err(Failure::new(StatusCode::NOT_FOUND, words::DOWNLOAD_ALL, words::NOTHING_DONE));
    }
    let (pieces, received) = mpsc::channel(PIECES);
    let packer = Packer {
        service: desk.service().clone(),
        organization: visitor.member.organization.clone(),
        order: id,
        runtime: Handle::current(),
    };
    tokio::task::spawn_blocking(move || {
        let failed = pieces.clone();
        // A client that has gone is no trouble; whoever is still there must not take half an archive for a whole one.
        if let Err(error) = packer.pack(Pieces { gathered: Vec::new(), pieces }) {
            tracing::info!(%error, "an archive was not sent to its end");
            let _ = failed.blocking_send(Err(error));
        }
    });
    let body = stream::unfold(received, async |mut received| Some((received.recv().await?, received)));
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let plain: String = order
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' })
        .collect();
    let offered =
        format!("attachment; filename=\"{plain}.zip\"; filename*=UTF-8''{}.zip", segment(&order.name));
    let offered = HeaderValue::from_str(&offered).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(CONTENT_DISPOSITION, offered);
    Ok(response)
}

/// Writes an archive where blocking is fine.
struct Packer {
    service: Service,
    organization: Organization,
    order: String,
    runtime: Handle,
}

impl Packer {
    fn pack(&self, pieces: Pieces) -> io::Result<()> {
        let mut archive = ZipWriter::new_stream(pieces);
        let mut names = Names::default();
        let mut missing = Vec::new();
        // The list moves on while more is completed.
        let mut seen = HashSet::new();
        let mut offset = 0;
        loop {
            let jobs = self.runtime.block_on(self.completed(offset)).map_err(io::Error::other)?;
            if jobs.is_empty() {
                break;
            }
            offset += AT_A_TIME;
            for job in jobs {
                let Some(file) = self.service.result(&job).filter(|_| seen.insert(job.id.clone())) else {
                    continue;
                };
                let name = names.unique(&job, &file);
                if !self.add(&mut archive, &job, &file, &name)? {
                    missing.push(name);
                }
            }
        }
        if !missing.is_empty() {
            archive.start_file(
                words::MISSING,
                SimpleFileOptions::default().compression_method(CompressionMethod::Stored),
            )?;
            archive.write_all(missing.join("\n").as_bytes())?;
        }
        archive.finish()?.into_inner().send()
    }

    async fn completed(&self, offset: i64) -> Result<Vec<Job>, StoreError> {
        let filter = JobFilter {
            state: Some(JobState::Completed),
            batch: Some(self.order.clone()),
            limit: AT_A_TIME,
            offset,
            ..JobFilter::default()
        };
        Ok(self.service.executions(&self.organization, filter).await?.0)
    }

    /// False when the file has gone.
    fn add<W: Write + io::Seek>(
        &self,
        archive: &mut ZipWriter<W>,
        job: &Job,
        file: &FileFacts,
        name: &str,
    ) -> io::Result<bool> {
        let opened = self.runtime.block_on(self.service.open_picture(file));
        let mut stream = match opened {
            Ok(stream) => stream,
            Err(StoreError::Missing(_)) => return Ok(false),
            Err(error) => return Err(io::Error::other(error)),
        };
        let mut first = self.runtime.block_on(stream.next());
        if matches!(first, Some(Err(StoreError::Missing(_)))) || job.purged {
            return Ok(false);
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(moment(job.finished_at.unwrap_or(job.created_at)))
            .large_file(file.bytes >= LARGE);
        archive.start_file(name, options)?;
        while let Some(piece) = first {
            archive.write_all(&piece.map_err(io::Error::other)?)?;
            first = self.runtime.block_on(stream.next());
        }
        Ok(true)
    }
}

/// The time of a file in an archive, to two seconds, in UTC.
fn moment(at: Timestamp) -> zip::DateTime {
    let at = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    let part = |value: u32| u8::try_from(value).unwrap_or(0);
    let year = u16::try_from(at.year()).unwrap_or(1980);
    let [month, day, hour, minute, second] =
        [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(part);
    zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

/// Hands on what is written, a piece at a time, as fast as the client takes it.
struct Pieces {
    gathered: Vec<u8>,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.gathered));
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names in one archive, each once whatever the case of its letters.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// The result's name in the folder its upload came from, with a number where that is taken.
    fn unique(&mut self, job: &Job, file: &FileFacts) -> String {
        let folder = job.labels.get(super::super::workflows::FOLDER).map_or("", String::as_str);
        let parts =
            folder.split(['/', '\\']).chain([file.name.as_str()]).map(tame).filter(|part| !part.is_empty());
        let path = parts.collect::<Vec<_>>().join("/");
        let path = if path.is_empty() { job.id.to_string() } else { path };
        let split = path.rfind('.').filter(|at| !path[*at..].contains('/') && *at > 0).unwrap_or(path.len());
        let (stem, ending) = path.split_at(split);
        let mut name = path.clone();
        let mut count = 2;
        while !self.0.insert(name.to_lowercase()) {
            name = format!("{stem} ({count}){ending}");
            count += 1;
        }
        name
    }
}

/// A name that every file system takes and that leads nowhere else.
fn tame(part: &str) -> String {
    let part: String =
        part.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).collect();
    let part = part.trim().trim_end_matches('.').to_owned();
    if part == ".." || part == "." { String::new() } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (given, tamed) in
            [("..", ""), (".", ""), ("a:b?.jpg", "a_b_.jpg"), ("x.", "x"), ("Zoë.jpg", "Zoë.jpg")]
        {
            assert_eq!(tame(given), tamed, "{given}");
        }
    }

    #[test]
    fn moments_before_the_format_are_taken_for_its_first() {
        assert_eq!(moment(Timestamp(0)), zip::DateTime::default());
        assert_eq!(moment(Timestamp(1_773_871_127_836)).year(), 2026);
    }
}

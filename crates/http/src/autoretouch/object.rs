//! Executions as this dialect shows them.

use service::{FileFacts, Job, JobState};

use super::types::ExecutionBody;

/// Longest name within a path.
const LONGEST_PATH_NAME: usize = 120;

/// An execution with all its keys.
pub fn execution(job: &Job) -> ExecutionBody {
    let result = job.result.as_ref().filter(|_| job.state == JobState::Completed);
    let name = result.map(result_name);
    let path = result.zip(name.as_ref());
    let workflow = job.workflow.as_ref();
    let has_begun = !matches!(job.state, JobState::Waiting | JobState::Unpaid);
    let has_ended = has_begun && !matches!(job.state, JobState::Active | JobState::Delayed);
    let has_failed = matches!(job.state, JobState::Failed | JobState::Cancelled);
    let is_given_back = has_failed || job.state == JobState::Unpaid;
    ExecutionBody {
        id: job.id.to_string(),
        workflow: workflow.map(|used| used.id.to_string()).unwrap_or_default(),
        workflow_version: workflow.map(|used| used.version.to_string()).unwrap_or_default(),
        workflow_name: workflow.map(|used| used.name.clone()).unwrap_or_default(),
        organization_id: job.organization_id.to_string(),
        company_id: job.organization_id.to_string(),
        status: state(job.state),
        user_id: job.account_id.to_string(),
        created_at: job.created_at.to_string(),
        started_at: job.started_at.filter(|_| has_begun).map(|at| at.to_string()),
        finished_at: job.finished_at.filter(|_| has_ended).map(|at| at.to_string()),
        input_file_name: job.input.name.clone(),
        input_content_hash: job.input.hash.hex(),
        result_content_hash: result.map(|result| result.hash.hex()),
        result_content_type: result.map(|result| result.media_type.clone()),
        result_path: path.map(|(result, name)| format!("/image/{}/{}", result.hash.hex(), path_name(name))),
        result_file_name: name,
        labels: job.labels.clone(),
        charged_credits: if is_given_back { 0 } else { job.charged },
        failure_reason: has_failed.then(|| reason(job)),
    }
}

/// Why an execution has failed.
pub fn reason(job: &Job) -> String {
    if job.reason.is_empty() { "The execution has failed".to_owned() } else { job.reason.clone() }
}

/// The name of a state.
///
/// A pause between two attempts is `ACTIVE`: work has begun and not ended, and no client has ever seen an execution go
/// back to `CREATED` by itself.
pub fn state(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "CREATED",
        JobState::Active | JobState::Delayed => "ACTIVE",
        JobState::Completed => "COMPLETED",
        JobState::InReview => "IN_QA",
        JobState::Unpaid => "PAYMENT_REQUIRED",
        JobState::Failed | JobState::Cancelled => "FAILED",
    }
}

/// The states behind a name.
pub fn states(name: &str) -> Option<(JobState, Option<JobState>)> {
    match name.to_ascii_uppercase().as_str() {
        "CREATED" => Some((JobState::Waiting, None)),
        "ACTIVE" => Some((JobState::Active, Some(JobState::Delayed))),
        "COMPLETED" => Some((JobState::Completed, None)),
        "IN_QA" => Some((JobState::InReview, None)),
        "PAYMENT_REQUIRED" => Some((JobState::Unpaid, None)),
        "FAILED" => Some((JobState::Failed, Some(JobState::Cancelled))),
        _ => None,
    }
}

/// The result's name, which always has a stem and an extension; names are let go of with the files.
pub fn result_name(result: &FileFacts) -> String {
    match result.name.rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => result.name.clone(),
        _ => {
            let stem = Some(result.name.trim_end_matches('.')).filter(|stem| !stem.is_empty());
            format!("{}.{}", stem.unwrap_or("picture"), extension_of(&result.media_type))
        }
    }
}

fn extension_of(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/tiff" => "tif",
        "image/webp" => "webp",
        "application/zip" => "zip",
        _ => "bin",
    }
}

/// A name of characters that need no escaping: some clients escape a path twice, others never.
fn path_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._~-".contains(c) { c } else { '_' };
    let characters: Vec<char> = name.chars().map(safe).collect();
    // The end holds the extension.
    characters[characters.len().saturating_sub(LONGEST_PATH_NAME)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use service::ContentHash;

    use super::*;

    fn result(name: &str, media_type: &str) -> FileFacts {
        FileFacts { hash: ContentHash::of(b"x"), name: name.into(), media_type: media_type.into(), bytes: 1 }
    }

    #[test]
    fn results_always_have_an_extension() {
        let name = |given: &str| result_name(&result(given, "image/png"));
        assert_eq!(name("jacket front.png"), "jacket front.png");
        assert_eq!(name("jacket front"), "jacket front.png");
        assert_eq!(name("x."), "x.png");
        assert_eq!(name(""), "picture.png");
    }

    #[test]
    fn every_state_has_a_name_that_leads_back() {
        for &job in JobState::ALL {
            let (one, other) = states(state(job)).expect("a name");
            assert!(one == job || other == Some(job), "{job:?}");
        }
        assert_eq!(states("DONE"), None);
    }

    proptest! {
        #[test]
        fn names_in_paths_need_no_escaping(name in any::<String>()) {
            let safe = path_name(&format!("{name}.png"));
            prop_assert!(safe.ends_with(".png") && safe.len() <= LONGEST_PATH_NAME);
            prop_assert!(safe.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)));
        }
    }
}

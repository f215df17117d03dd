//! Every state as the wire shows it.

use service::{AccountId, ContentHash, Dialect, FileFacts, JobId, OrganizationId, Timestamp};

use super::*;

fn job(state: JobState) -> Job {
    let now = Timestamp(1_773_871_126_836);
    Job {
        id: JobId::secret(),
        organization_id: OrganizationId::random(),
        account_id: AccountId::random(),
        token_id: None,
        dialect: Dialect::Retouch4me,
        work: String::new(),
        state,
        priority: 0,
        round: 0,
        attempt: 1,
        max_attempts: 3,
        run_at: now,
        lease: None,
        lease_until: None,
        worker: None,
        progress: 100,
        step: Step::Processing,
        plugin: "Heal".into(),
        reason: "the picture is broken".into(),
        cancel_requested: false,
        input: FileFacts {
            hash: ContentHash::of(b"x"),
            name: "portrait.jpg".into(),
            media_type: "image/jpeg".into(),
            bytes: 1,
        },
        width: 1,
        height: 1,
        memory: 1,
        price: 1,
        charged: 1,
        hooks: Vec::new(),
        result: None,
        created_at: now,
        started_at: Some(now),
        finished_at: None,
        expires_at: now,
        purged: false,
        workflow: None,
        labels: std::collections::BTreeMap::new(),
        batch_id: None,
        feedback: None,
        trace: None,
    }
}

#[test]
fn a_hundred_percent_come_with_completed_only() {
    for state in JobState::ALL {
        let told = status(&job(*state));
        assert_eq!(told.progress == 100, *state == JobState::Completed, "{state:?}");
    }
}

#[test]
fn reasons_and_plugins_are_told_where_they_belong() {
    for state in JobState::ALL {
        let told = status(&job(*state));
        let has_failed = matches!(state, JobState::Failed | JobState::Cancelled | JobState::Unpaid);
        assert_eq!(told.reason.is_empty(), !has_failed, "{state:?}");
        assert_eq!(told.plugin_name.is_empty(), *state != JobState::Active, "{state:?}");
        assert_eq!(told.state == StateName::Failed, has_failed, "{state:?}");
    }
    let silent = Job { reason: String::new(), ..job(JobState::Failed) };
    assert!(!status(&silent).reason.is_empty());
}

#[test]
fn completed_stays_at_the_last_step() {
    let told = status(&job(JobState::Completed));
    assert_eq!((told.current_step, told.expire_date.as_str()), ("uploading", "2026-03-18T21:58:46.836Z"));
    let waiting = Job { step: Step::None, attempt: 0, progress: 0, ..job(JobState::Waiting) };
    let told = status(&waiting);
    assert_eq!((told.current_step, told.attempt), ("", 0));
}

#[test]
fn webhooks_speak_at_the_end_only_and_in_the_documented_order() {
    let finished = job(JobState::Completed);
    let said = Retouch4meVoice.hook(&finished).expect("a message");
    assert_eq!(said.event, "completed");
    let told = said.body.replace(finished.id.as_str(), "JOB");
    insta::assert_snapshot!("hook_completed", told);
    assert!(Retouch4meVoice.hook(&job(JobState::Failed)).is_some());
    for state in [JobState::Waiting, JobState::Active, JobState::Delayed] {
        assert!(Retouch4meVoice.hook(&job(state)).is_none());
    }
}

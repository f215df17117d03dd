//! What the store promises, asked of SQLite and of PostgreSQL, of a disk and of an S3 server.

mod access;
mod blobs;
mod catalogue;
mod deliveries;
mod house;
mod jobs;
mod people;
mod queue;
mod review;
mod schema;
mod setting;
mod silence;

/// Every case by name, each to be run on a fresh, empty database.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let (store, _folder) = crate::setting::sqlite().await;
                    crate::$module::$case(store).await;
                }
            )*
        }

        /// One cluster serves all cases: starting one takes longer than they do.
        #[tokio::test(flavor = "multi_thread")]
        async fn postgres_keeps_every_promise() {
            let cluster = testbed::Postgres::start().expect("a PostgreSQL cluster");
            $(
                eprintln!("{}", stringify!($case));
                let url = cluster.database().expect("a database");
                let store = setting::open(&url).await;
                $module::$case(store.clone()).await;
                store.close().await;
            )*
        }
    };
}

cases! {
    house::names_are_unique_and_found_in_any_case,
    house::a_token_counts_until_it_is_revoked,
    house::credits_add_up,
    house::of_many_founders_one_founds,
    house::hosts_and_deeds_are_kept,
    house::a_zero_byte_names_nothing_and_is_kept_as_another_character,
    jobs::a_job_is_paid_for_when_it_is_accepted,
    jobs::no_credits_no_job,
    jobs::the_day_has_its_limit_and_failed_jobs_do_not_count,
    jobs::one_key_is_one_job,
    jobs::a_key_is_free_again_when_its_job_is_over,
    jobs::fifty_equal_requests_at_once_are_one_job,
    jobs::an_upload_that_was_swept_away_is_noticed,
    jobs::a_failed_job_is_refunded_once_and_may_begin_again,
    jobs::a_cancelled_job_is_refunded,
    jobs::expired_files_are_let_go_and_shared_bytes_stay,
    jobs::a_job_that_began_anew_keeps_its_files,
    jobs::two_sweepers_never_take_the_same_bytes_away,
    jobs::balances_hold_when_many_spend_at_once,
    jobs::the_same_bytes_may_come_from_many_sides_at_once,
    queue::a_claimed_job_belongs_to_its_lease,
    queue::two_workers_never_hold_one_attempt,
    queue::a_backlog_does_not_stand_before_anybody_elses_job,
    queue::higher_priority_goes_first,
    queue::nobody_overtakes_a_large_job,
    queue::an_overdue_job_goes_to_one_finder_only,
    queue::a_delayed_job_waits_for_its_time,
    queue::a_job_handed_back_keeps_its_attempts,
    queue::a_clock_that_is_behind_keeps_no_job_waiting,
    queue::figures_follow_the_queue,
    catalogue::every_version_of_a_workflow_is_kept,
    catalogue::workflows_belong_to_their_organization,
    catalogue::an_unpaid_job_waits_for_credits_and_a_retry,
    catalogue::a_result_counts_when_a_person_says_so,
    catalogue::a_batch_is_named_by_its_first_job,
    catalogue::an_upload_stays_until_it_is_dropped,
    review::two_reviewers_do_not_judge_the_same_result,
    review::earlier_results_stay_as_long_as_the_job,
    review::a_picture_of_a_workflow_is_no_upload_that_expires,
    review::orders_tell_how_their_jobs_stand,
    access::a_grant_gives_tokens_once,
    access::a_declined_or_late_grant_gives_nothing,
    access::a_device_is_in_until_it_is_revoked,
    access::the_youngest_key_signs_and_old_ones_verify,
    access::a_session_ends,
    deliveries::messages_leave_with_the_state_they_tell_of,
    deliveries::a_slow_host_does_not_hold_up_others,
    deliveries::tries_are_listed_and_messages_can_be_sent_again,
    deliveries::a_long_backlog_is_no_long_look,
    deliveries::a_late_note_brings_no_message_back,
    people::an_organization_keeps_its_last_admin,
    people::who_leaves_an_organization_is_out_of_it,
    people::names_can_change_but_stay_unique,
    people::sessions_are_listed_turned_and_ended,
    people::work_is_counted_on_the_day_it_is_done,
    people::the_ledger_is_read_in_pages,
    people::messages_are_searched_within_their_organization,
    people::deeds_are_searched_and_storage_is_summed_up,
}

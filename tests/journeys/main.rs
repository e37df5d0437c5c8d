//! The whole suite as its users meet it: the real program, real sockets, both databases. One suite
//! per database serves all checks, so this is its own small harness.

mod acting;
mod audit;
mod claims_elsewhere;
mod deletion;
mod facts;
mod guests;
mod imports;
mod letter_routes;
mod letters;
mod life;
mod login;
mod merges;
mod new_card;
mod newcomer;
mod own_credentials;
mod own_data;
mod own_letters;
mod own_mailboxes;
mod own_mandates;
mod own_organisation;
mod own_sending;
mod programs;
#[path = "../../services/identity/tests/it/federation/provider.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "identity's own tests need it to lie; a fake fails by panicking"
)]
mod provider;
mod scan;
mod start;
mod tls;
mod uploads;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use world::World;

/// One claim about a running suite.
macro_rules! checks {
    ($($module:ident::$name:ident),+ $(,)?) => {
        async fn check_all(world: &mut World, tally: &mut Tally) {
            $(
                if tally.wants(stringify!($name)) {
                    let started = Instant::now();
                    let outcome = $module::$name(world).await;
                    tally.note(&world.backend, stringify!($name), started, outcome);
                }
            )+
        }
    };
}

checks! {
    letters::an_unknown_handle_is_refused_with_a_receipt,
    letters::a_handle_of_another_sector_is_as_unknown_as_none,
    letters::a_wrong_digest_is_refused,
    letters::a_media_type_that_is_not_the_contents_is_refused,
    letters::an_attachment_over_two_megabytes_is_refused,
    letters::a_sixth_attachment_is_refused,
    letters::a_stream_that_stops_half_way_delivers_nothing,
    letters::a_streamed_letter_arrives_with_its_attachment,
    letters::the_same_request_gives_the_same_letter_and_receipts,
    letters::a_request_id_with_other_content_is_refused,
    letters::an_attachment_goes_into_its_readers_safe_and_says_where_from,
    letters::a_session_below_the_letters_level_is_told_the_level,
    letters::opening_twice_gives_the_same_receipt,
    letters::another_persons_letter_does_not_exist,
    uploads::an_upload_over_http_becomes_an_attachment,
    uploads::a_proof_for_another_method_uploads_nothing,
    login::a_persons_token_cannot_deliver_letters,
    login::a_token_for_the_postbox_is_refused_by_the_account,
    login::portals_of_two_sectors_know_one_person_by_two_subjects,
    login::a_revoked_grant_is_felt_within_a_second,
    login::a_code_is_redeemed_once,
    programs::a_program_sees_its_organisations_mailbox_and_no_other,
    programs::the_curl_example_of_the_how_to_lists_the_mail,
    programs::a_revoked_program_is_shut_out_within_a_second,
    acting::a_letter_to_an_organisation_is_opened_by_who_acts_for_it,
    acting::a_letter_to_a_person_is_opened_by_mandate_until_it_is_revoked,
    facts::letters_opened_by_a_register_role_are_closed_within_a_second_of_its_end,
    letter_routes::letters_of_an_office_go_to_the_mailbox_it_was_given_until_that_is_closed,
    own_data::a_withdrawn_consent_ends_what_its_client_held_and_stays_on_record,
    own_data::a_document_is_fetched_once_by_the_service_it_was_granted_to,
    own_data::the_archive_of_an_account_holds_its_data_documents_and_letters,
    newcomer::a_newcomer_registers_with_the_code_from_the_mail,
    imports::an_import_that_is_killed_goes_on_and_doubles_nothing,
    imports::an_earlier_account_is_taken_over_by_its_person_only,
    new_card::a_card_that_says_something_else_is_taken_over_or_opens_a_second_account,
    merges::two_accounts_of_one_person_become_one_that_services_still_know,
    guests::nothing_is_left_of_a_guest,
    deletion::nothing_personal_is_left_of_a_deleted_account,
    deletion::a_deletion_that_is_killed_again_and_again_ends_the_same,
    audit::every_state_changing_rpc_leaves_its_audit_event,
    letters::a_kill_right_after_the_answer_loses_nothing,
    audit::every_audit_chain_is_whole,
}

/// What passed and what failed.
#[derive(Default)]
pub struct Tally {
    /// Only checks with this in their names, as other test programs are told; all when absent.
    only: Option<String>,
    passed: u32,
    failed: u32,
}

impl Tally {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part))
    }

    fn note(&mut self, on: &str, name: &str, started: Instant, outcome: anyhow::Result<()>) {
        let ms = started.elapsed().as_millis();
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("test {on}::{name} ... ok ({ms} ms)");
            }
            Err(error) => {
                self.failed += 1;
                println!("test {on}::{name} ... FAILED ({ms} ms)\n    {error:#}");
            }
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().any(|a| a == "--list") {
        return ExitCode::SUCCESS; // runners ask what there is; the checks need a suite
    }
    siegel_crypto::install();
    let only = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let mut tally = Tally { only, ..Tally::default() };
    if tally.only.is_none() {
        start::all(&mut tally).await;
        tls::all(&mut tally).await;
    }
    claims_elsewhere::all(&mut tally).await;
    for backend in ["sqlite", "postgres"] {
        let started = Instant::now();
        match World::new(backend).await {
            Ok(Some(mut world)) => check_all(&mut world, &mut tally).await,
            Ok(None) => {}
            Err(error) => tally.note(backend, "the_suite_starts", started, Err(error)),
        }
    }
    let Tally { passed, failed, .. } = tally;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

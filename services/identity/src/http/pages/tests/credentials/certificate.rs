use http::StatusCode;
use rcgen::{CertificateParams, DnType, KeyPair};
use siegel_db::Db;
use siegel_grpc::ClientCertificate;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, CALLBACK, House, LISTENER, Page};
use super::super::remains::{everything, stands};
use super::{ERIKA, HOME, at_step_up, level, listed};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    a_certificate_is_added_and_logs_in_at_another_replica,
    a_certificate_raises_a_session_to_substantial,
    an_answer_counts_in_the_browser_that_was_sent,
    a_ticket_and_an_answer_count_once,
    a_ticket_runs_out,
    what_no_authority_signed_is_worth_nothing,
    a_certificate_in_a_header_is_none,
    without_a_listener_nobody_is_sent_there,
    a_client_that_takes_no_certificates_sends_nobody_there,
    nobody_is_sent_to_show_a_certificate_by_another_site,
    a_certificate_belongs_to_one_account,
    the_certificate_of_another_account_raises_nothing,
    a_certificate_is_added_in_the_session_that_began_it,
    a_removed_certificate_logs_nobody_in,
    what_a_certificate_says_of_its_issuer_is_sealed,
}

const PAGE: &str = "/login/credentials/certificate";

/// A certificate as the listener hands it on.
pub fn certificate(name: &str, trusted: bool) -> ClientCertificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    ClientCertificate::new(made.der(), trusted)
}

/// Begins to add a certificate; the address at the listener.
async fn begin_adding(browser: &mut Browser<'_>) -> String {
    let page = browser.get(PAGE).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.location);
    let policy = page.headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains(LISTENER), "the form may lead there: {policy}");
    let sent = browser.post(PAGE, &[("label", "Kanzleikarte")]).await;
    assert!(sent.location.starts_with(&format!("{LISTENER}/login/certificate?ticket=")));
    sent.location
}

/// Adds a certificate on the pages.
pub async fn with_certificate(browser: &mut Browser<'_>, shown: &ClientCertificate) -> Page {
    browser.later(1);
    let ticket = begin_adding(browser).await;
    let back = browser.at_listener(&ticket, Some(shown)).await;
    browser.get(&back.location).await
}

/// Begins to use a certificate for a request; the address at the listener.
async fn begin_using(browser: &mut Browser<'_>, id: InteractionId) -> String {
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("id=\"certificate\""), "{}", page.body);
    let sent = browser.get(&format!("/login/{id}/certificate")).await;
    assert!(sent.location.starts_with(LISTENER), "{} {}", sent.location, sent.body);
    sent.location
}

/// Logs in with a certificate in a new browser.
async fn logs_in<'a>(house: &'a House, shown: &ClientCertificate) -> (Page, Browser<'a>) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let ticket = begin_using(&mut browser, id).await;
    let back = browser.at_listener(&ticket, Some(shown)).await;
    let page = browser.get(&back.location).await;
    (page, browser)
}

async fn a_certificate_is_added_and_logs_in_at_another_replica(db: Db) {
    let house = House::on(db).with_listener();
    let replica = house.replica().with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let shown = certificate("Erika", true);
    let done = with_certificate(&mut owner, &shown).await;
    assert_eq!(done.location, "/login/credentials?done=added", "{}", done.body);
    let list = owner.get(HOME).await;
    assert!(list.body.contains("Zertifikat: Kanzleikarte"), "{}", list.body);
    house.delivers().await;
    assert_eq!(house.siblings.notices.lock().unwrap().len(), 1, "its owner is told");

    let id = house.asks(TrustLevel::Substantial).await;
    let mut browser = house.browser();
    let ticket = begin_using(&mut browser, id).await;
    let back = browser.at(&replica).at_listener(&ticket, Some(&shown)).await;
    let mut browser = browser.at(&replica);
    let page = browser.get(&back.location).await;
    assert_eq!(page.location, format!("/login/{id}"), "{}", page.body);
    let mut browser = browser.at(&house);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Substantial));
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn a_certificate_raises_a_session_to_substantial(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let shown = certificate("Erika", true);
    with_certificate(&mut owner, &shown).await;
    let (mut browser, id) = at_step_up(&house, ERIKA, TrustLevel::Substantial).await;
    let page = browser.get(&format!("/login/{id}/step-up")).await;
    assert!(page.body.contains("id=\"certificate\""), "{}", page.body);
    let sent = browser.get(&format!("/login/{id}/certificate")).await;
    let back = browser.at_listener(&sent.location, Some(&shown)).await;
    browser.get(&back.location).await;
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Substantial));
    let (browser, id) = at_step_up(&house, ERIKA, TrustLevel::High).await;
    let page = browser.clone().get(&format!("/login/{id}/step-up")).await;
    assert!(!page.body.contains("id=\"certificate\""), "it does not reach high");
}

async fn an_answer_counts_in_the_browser_that_was_sent(db: Db) {
    let house = House::on(db).with_listener();
    let shown = certificate("Erika", true);
    with_certificate(&mut house.has_account(ERIKA).await, &shown).await;
    // The thief sends the victim, whose browser shows the certificate, with his own ticket.
    let id = house.asks(TrustLevel::Basic).await;
    let mut thief = house.browser();
    let ticket = begin_using(&mut thief, id).await;
    let victim = house.browser();
    let answer = victim.at_listener(&ticket, Some(&shown)).await.location;
    let page = victim.clone().get(&answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "the victim's browser was not sent");
    assert_eq!(level(&house, &victim).await, None);
    // An answer of one request does not count for another.
    let other = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{other}")).await;
    let answer = answer.split("answer=").nth(1).unwrap();
    let page = browser.get(&format!("/login/{other}/certificate?answer={answer}")).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert_eq!(level(&house, &browser).await, None);
}

async fn a_ticket_and_an_answer_count_once(db: Db) {
    let house = House::on(db).with_listener();
    let shown = certificate("Erika", true);
    with_certificate(&mut house.has_account(ERIKA).await, &shown).await;
    let id = house.asks(TrustLevel::High).await;
    let mut browser = house.browser();
    let ticket = begin_using(&mut browser, id).await;
    let back = browser.at_listener(&ticket, Some(&shown)).await;
    let again = browser.at_listener(&ticket, Some(&shown)).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.location);
    let mut other = browser.clone();
    let (one, two) = tokio::join!(browser.get(&back.location), other.get(&back.location));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::GONE]);
}

async fn a_ticket_runs_out(db: Db) {
    let house = House::on(db).with_listener();
    let shown = certificate("Erika", true);
    with_certificate(&mut house.has_account(ERIKA).await, &shown).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let ticket = begin_using(&mut browser, id).await;
    browser.later(5 * 60);
    let page = browser.at_listener(&ticket, Some(&shown)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let ticket = begin_using(&mut browser, id).await;
    let back = browser.at_listener(&ticket, Some(&shown)).await;
    browser.later(5 * 60);
    assert_eq!(browser.get(&back.location).await.status, StatusCode::GONE, "nor the answer");
}

async fn what_no_authority_signed_is_worth_nothing(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let ticket = begin_adding(&mut owner).await;
    for shown in [Some(certificate("Erika", false)), None] {
        let page = owner.at_listener(&ticket, shown.as_ref()).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.location);
        assert!(page.body.contains("http://localhost:8080/login/credentials"), "{}", page.body);
    }
    assert!(house.audit().await.iter().any(|(_, why)| why == "CERTIFICATE_UNTRUSTED"));
    let back = owner.at_listener(&ticket, Some(&certificate("Erika", true))).await;
    let done = owner.get(&back.location).await;
    assert_eq!(done.location, "/login/credentials?done=added", "the ticket was not spent");
}

async fn a_certificate_in_a_header_is_none(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let ticket = begin_adding(&mut owner).await;
    let page = owner.at_listener_with(&ticket, None, "x-client-cert", "MIIB").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

async fn without_a_listener_nobody_is_sent_there(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    assert_eq!(owner.get(PAGE).await.status, StatusCode::NOT_FOUND);
    assert!(!owner.get(HOME).await.body.contains(PAGE));
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(!page.body.contains("id=\"certificate\""));
    let sent = browser.get(&format!("/login/{id}/certificate")).await;
    assert_eq!(sent.location, format!("/login/{id}"));
}

async fn a_client_that_takes_no_certificates_sends_nobody_there(db: Db) {
    let house = House::on(db).with_listener();
    let id = house.asks_with(|request| request.methods = vec!["pwd".into()]).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(!page.body.contains("id=\"certificate\""));
    let sent = browser.get(&format!("/login/{id}/certificate")).await;
    assert_eq!(sent.location, format!("/login/{id}"));
}

async fn nobody_is_sent_to_show_a_certificate_by_another_site(db: Db) {
    let house = House::on(db).with_listener();
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    let page = browser.get_from("cross-site", &format!("/login/{id}/certificate")).await;
    assert_eq!(page.location, format!("/login/{id}"));
}

async fn a_certificate_belongs_to_one_account(db: Db) {
    let house = House::on(db).with_listener();
    let shown = certificate("Erika", true);
    with_certificate(&mut house.has_account(ERIKA).await, &shown).await;
    let mut max = house.has_account("max@example.org").await;
    let page = with_certificate(&mut max, &shown).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.location);
    assert_eq!(listed(&mut max).await.len(), 1, "the password");
    assert!(house.audit().await.iter().any(|(_, why)| why == "CERTIFICATE_EXISTS"));
}

async fn the_certificate_of_another_account_raises_nothing(db: Db) {
    let house = House::on(db).with_listener();
    let (hers, his) = (certificate("Erika", true), certificate("Max", true));
    with_certificate(&mut house.has_account(ERIKA).await, &hers).await;
    with_certificate(&mut house.has_account("max@example.org").await, &his).await;
    let (mut browser, id) = at_step_up(&house, ERIKA, TrustLevel::Substantial).await;
    browser.get(&format!("/login/{id}/step-up")).await;
    let sent = browser.get(&format!("/login/{id}/certificate")).await;
    let back = browser.at_listener(&sent.location, Some(&his)).await;
    let page = browser.get(&back.location).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
}

async fn a_certificate_is_added_in_the_session_that_began_it(db: Db) {
    let house = House::on(db).with_listener();
    let mut erika = house.has_account(ERIKA).await;
    let mut max = house.has_account("max@example.org").await;
    let ticket = begin_adding(&mut max).await;
    let back = erika.at_listener(&ticket, Some(&certificate("Erika", true))).await;
    let page = erika.get(&back.location).await;
    assert_eq!(page.status, StatusCode::GONE, "{}", page.location);
    assert_eq!(listed(&mut erika).await.len(), 1);
    assert_eq!(listed(&mut max).await.len(), 1);
}

async fn a_removed_certificate_logs_nobody_in(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let shown = certificate("Erika", true);
    with_certificate(&mut owner, &shown).await;
    let (page, mut holder) = logs_in(&house, &shown).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let credential = listed(&mut holder).await.pop().unwrap();
    holder.get(&format!("{HOME}/{credential}/remove")).await;
    let removed = holder.post(&format!("{HOME}/{credential}/remove"), &[]).await;
    assert_eq!(removed.location, "/login/credentials?done=removed", "{}", removed.body);
    let (page, browser) = logs_in(&house, &shown).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, None);
    assert!(house.audit().await.iter().any(|(_, why)| why == "CERTIFICATE_UNKNOWN"));
}

async fn what_a_certificate_says_of_its_issuer_is_sealed(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    with_certificate(&mut owner, &certificate("Unverwechselbar", true)).await;
    let all = everything(&house).await;
    assert!(!stands(&all, "Unverwechselbar"));
    assert!(stands(&all, "Kanzleikarte"), "what its owner called it is there");
}

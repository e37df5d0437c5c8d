//! A person takes over what an earlier account held: by the confirmed address, at its level, once.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _, TrustLevel};
use siegel_proto::account::v1::{
    AcceptOfferRequest, Attribute, DeclineOfferRequest, ListAttributesRequest, ListOffersRequest,
    ListStaffAccessesRequest, Offer, SetAttributeRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::notification::v1::Template;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use crate::imports::{DAYS, file, import, order};
use crate::office::{Office, TABLES, reason};

use TrustLevel::{Basic, High, Low, Substantial};

on_each_backend! { super::TABLES =>
    without_a_confirmed_address_nothing_is_said,
    an_address_is_found_however_it_is_written,
    below_its_level_an_offer_names_its_system_and_nothing_else,
    an_account_that_was_known_at_no_level_is_claimed_at_the_floor,
    what_is_taken_over_names_the_old_system_and_never_exceeds_the_session,
    what_is_proven_stays_and_what_was_typed_in_gives_way,
    an_offer_is_taken_once_and_leaves_nothing_sealed,
    of_an_offer_only_what_was_chosen_comes,
    what_would_not_come_cannot_be_taken,
    not_mine_destroys_at_its_level_and_only_hides_below,
    an_account_with_another_proven_day_of_birth_cannot_be_taken,
    what_ran_out_is_not_offered_and_its_key_is_destroyed,
    an_offer_of_somebody_else_is_as_one_that_is_not_there,
    two_systems_taken_over_at_once_are_one_mail,
    who_imported_it_is_a_look_of_staff,
}

const LINE: &str = r#"{"id":"4711","email":"Erika@Example.org","level":"substantial","attributes":[
{"name":"given_name","value":"Erika","level":"substantial","verified_at":"2023-05-01"},
{"name":"date_of_birth","value":"1980-01-02","source":"operator","level":"substantial"},
{"name":"city","value":"Köln"},
{"name":"telephone","value":"+49 221 1","source":"self_declared"}]}"#;

/// Erika, for whom an earlier account waits.
async fn erika(db: Db) -> (Office, AccountId) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let (done, report) = import(&office, &LINE.replace('\n', "")).await;
    assert_eq!(done.staged, 1, "{report}");
    (office, account)
}

async fn offers(office: &Office, account: AccountId, level: TrustLevel) -> Vec<Offer> {
    let got = office.offers(account, level).list_offers(ListOffersRequest {}).await;
    got.unwrap().into_inner().offers
}

async fn only(office: &Office, account: AccountId, level: TrustLevel) -> Offer {
    let mut all = offers(office, account, level).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn take(
    office: &Office,
    who: (AccountId, TrustLevel),
    offer_id: &str,
    names: &[&str],
) -> Result<(), Status> {
    let request = AcceptOfferRequest {
        request_id: "take".into(),
        offer_id: offer_id.into(),
        attributes: names.iter().map(|n| (*n).to_owned()).collect(),
    };
    office.offers(who.0, who.1).accept_offer(request).await.map(drop)
}

async fn decline(
    office: &Office,
    who: (AccountId, TrustLevel),
    offer_id: &str,
) -> Result<(), Status> {
    let request = DeclineOfferRequest { request_id: office.fresh(), offer_id: offer_id.into() };
    office.offers(who.0, who.1).decline_offer(request).await.map(drop)
}

async fn value(office: &Office, account: AccountId, name: &str) -> Option<Attribute> {
    let listed = office.person(account).list_attributes(ListAttributesRequest {}).await.unwrap();
    listed.into_inner().attributes.into_iter().find(|a| a.name == name)
}

const SEALED: &str = "SELECT COUNT(*) FROM imported_accounts WHERE payload IS NOT NULL \
    OR email_index IS NOT NULL OR content_digest IS NOT NULL";

async fn without_a_confirmed_address_nothing_is_said(db: Db) {
    let (mut office, _) = erika(db).await;
    let nameless = office.account("").await;
    let typed = SetAttributeRequest {
        request_id: office.fresh(),
        name: "demail".into(),
        value: "erika@example.org".into(),
        ..Default::default()
    };
    office.person(nameless).set_attribute(typed).await.unwrap();
    assert_eq!(offers(&office, nameless, High).await, []);
    let other = office.account("max@example.org").await;
    assert_eq!(offers(&office, other, High).await, []);
}

async fn an_address_is_found_however_it_is_written(db: Db) {
    let (office, account) = erika(db).await;
    assert_eq!(only(&office, account, High).await.system, "Servicekonto Altland");
}

async fn below_its_level_an_offer_names_its_system_and_nothing_else(db: Db) {
    let (office, account) = erika(db).await;
    let offer = only(&office, account, Low).await;
    assert_eq!((offer.needed_level, offer.attributes.len()), (3, 0));
    let status = take(&office, (account, Low), &offer.offer_id, &[]).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    assert_eq!(siegel_grpc::fact(&status, "needed").as_deref(), Some("substantial"));
    let refused = ("account.offer.accepted".to_owned(), "TRUST_TOO_LOW".to_owned());
    assert!(office.audit().await.contains(&refused));
    assert_eq!(only(&office, account, Substantial).await.attributes.len(), 4);
}

async fn an_account_that_was_known_at_no_level_is_claimed_at_the_floor(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    import(
        &office,
        r#"{"id":"1","email":"erika@example.org","attributes":[{"name":"city","value":"Köln"}]}"#,
    )
    .await;
    let offer = only(&office, account, Basic).await;
    assert_eq!((offer.needed_level, offer.attributes.len()), (2, 0));
    let offer = only(&office, account, Low).await;
    let new = offer.attributes[0].new.clone().unwrap();
    assert_eq!(new.level, 0, "what nobody knew stays unknown");
}

async fn what_is_taken_over_names_the_old_system_and_never_exceeds_the_session(db: Db) {
    let (office, account) = erika(db).await;
    let offer = only(&office, account, High).await;
    let all = ["given_name", "date_of_birth", "city", "telephone"];
    take(&office, (account, High), &offer.offer_id, &all).await.unwrap();
    let got = |name| value(&office, account, name);
    let name = got("given_name").await.unwrap();
    assert_eq!((name.value.as_str(), name.level), ("Erika", 3));
    assert_eq!(name.source(), AttributeSource::Upstream);
    assert_eq!(name.source_detail, "Servicekonto Altland");
    assert!(name.verified_at.is_some());
    let birth = got("date_of_birth").await.unwrap();
    assert_eq!((birth.source(), birth.verified_at), (AttributeSource::Operator, None));
    assert_eq!(got("city").await.unwrap().level, 0, "unknown, so never released");
    let telephone = got("telephone").await.unwrap();
    assert_eq!((telephone.source(), telephone.level), (AttributeSource::SelfDeclared, 1));
}

async fn what_is_proven_stays_and_what_was_typed_in_gives_way(db: Db) {
    let (mut office, account) = erika(db).await;
    office.card(account, &[("given_name", "Erika Maria")]).await;
    for (name, value) in [("city", "Kiel"), ("telephone", "+49 431 2")] {
        let (request_id, name, value) = (office.fresh(), name.to_owned(), value.to_owned());
        let typed = SetAttributeRequest { request_id, name, value, not_applicable: false };
        office.person(account).set_attribute(typed).await.unwrap();
    }
    let offer = only(&office, account, Substantial).await;
    let comes: Vec<_> = offer
        .attributes
        .iter()
        .map(|a| (a.new.as_ref().unwrap().name.as_str(), a.comes, a.today.is_some()))
        .collect();
    let wanted = [
        ("given_name", false, true),
        ("date_of_birth", true, false),
        ("city", true, true),
        ("telephone", false, true),
    ];
    assert_eq!(comes, wanted);
    let names = ["date_of_birth", "city"];
    take(&office, (account, Substantial), &offer.offer_id, &names).await.unwrap();
    assert_eq!(value(&office, account, "given_name").await.unwrap().value, "Erika Maria");
    assert_eq!(value(&office, account, "city").await.unwrap().value, "Köln");
}

async fn an_offer_is_taken_once_and_leaves_nothing_sealed(db: Db) {
    let (office, account) = erika(db).await;
    let offer = only(&office, account, High).await;
    for _ in 0..2 {
        take(&office, (account, High), &offer.offer_id, &["city"]).await.unwrap();
    }
    assert_eq!(offers(&office, account, High).await, []);
    assert_eq!(office.count(SEALED).await, 0);
    let again = AcceptOfferRequest {
        request_id: "another".into(),
        offer_id: offer.offer_id,
        attributes: vec!["city".into()],
    };
    let status = office.offers(account, High).accept_offer(again).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("OFFER_UNKNOWN"));
    let (done, _) = import(&office, &format!("{}\n", LINE.replace('\n', ""))).await;
    assert_eq!((done.staged, done.known), (0, 1), "nor does a later file bring it back");
}

async fn of_an_offer_only_what_was_chosen_comes(db: Db) {
    let (office, account) = erika(db).await;
    let offer = only(&office, account, High).await;
    take(&office, (account, High), &offer.offer_id, &[]).await.unwrap();
    assert_eq!(value(&office, account, "city").await, None);
    assert_eq!(office.count(SEALED).await, 0, "none is a choice as well");
}

async fn what_would_not_come_cannot_be_taken(db: Db) {
    let (mut office, account) = erika(db).await;
    office.card(account, &[("city", "Kiel")]).await;
    let offer = only(&office, account, High).await;
    for name in ["city", "title", "email", "x"] {
        let status = take(&office, (account, High), &offer.offer_id, &[name]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{name}");
    }
    assert_eq!(offers(&office, account, High).await.len(), 1, "and nothing is lost");
}

async fn not_mine_destroys_at_its_level_and_only_hides_below(db: Db) {
    let (mut office, account) = erika(db).await;
    let offer = only(&office, account, Low).await;
    decline(&office, (account, Low), &offer.offer_id).await.unwrap();
    assert_eq!(offers(&office, account, High).await, []);
    assert_eq!(office.count(SEALED).await, 1, "a thief of the mailbox destroys nothing");
    let path = file(&office, "more.jsonl", r#"{"id":"5","email":"max@example.org"}"#);
    office.imports().import(&path, &order(&office), &mut Vec::new(), |_| {}).await.unwrap();
    let max = office.account("max@example.org").await;
    let offer = only(&office, max, Low).await;
    decline(&office, (max, Low), &offer.offer_id).await.unwrap();
    assert_eq!(office.count(SEALED).await, 1);
    let declined = "SELECT COUNT(*) FROM imported_accounts WHERE ended_by = 'declined'";
    assert_eq!(office.count(declined).await, 1);
    let done = ("account.offer.declined".to_owned(), "done".to_owned());
    assert_eq!(office.audit().await.iter().filter(|line| **line == done).count(), 2);
}

async fn an_account_with_another_proven_day_of_birth_cannot_be_taken(db: Db) {
    let (mut office, account) = erika(db).await;
    office.card(account, &[("date_of_birth", "1981-01-02")]).await;
    let offer = only(&office, account, High).await;
    assert!(offer.somebody_else && offer.attributes.is_empty(), "nor is it shown");
    let status = take(&office, (account, High), &offer.offer_id, &[]).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("OFFER_OF_SOMEBODY_ELSE"));
}

async fn what_ran_out_is_not_offered_and_its_key_is_destroyed(db: Db) {
    let (mut office, account) = erika(db).await;
    let offer = only(&office, account, High).await;
    office.clock.advance(DAYS * 30);
    assert_eq!(offers(&office, account, High).await, []);
    let status = take(&office, (account, High), &offer.offer_id, &[]).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("OFFER_UNKNOWN"), "before anything swept");
    office.restart().await;
    let key = "SELECT COUNT(*) FROM import_systems WHERE data_key IS NOT NULL";
    tokio::time::timeout(Duration::from_secs(20), async {
        while office.count(SEALED).await + office.count(key).await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let expired = ("account.import.expired".to_owned(), "done".to_owned());
    assert!(office.audit().await.contains(&expired));
    let (done, _) = import(&office, r#"{"id":"9","email":"erika@example.org"}"#).await;
    assert_eq!(done.staged, 1, "a later import gets a new key");
    assert_eq!(offers(&office, account, High).await.len(), 1);
}

async fn an_offer_of_somebody_else_is_as_one_that_is_not_there(db: Db) {
    let (mut office, account) = erika(db).await;
    let max = office.account("max@example.org").await;
    let offer = only(&office, account, High).await.offer_id;
    let mut answers = Vec::new();
    for id in [offer.as_str(), "imp_00000000000000000000000000000000", "x"] {
        let taken = take(&office, (max, High), id, &[]).await.unwrap_err();
        let declined = decline(&office, (max, High), id).await.unwrap_err();
        for status in [taken, declined] {
            answers.push((status.code(), status.message().to_owned(), reason(&status)));
        }
    }
    assert_eq!(answers[0].0, Code::NotFound);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    assert_eq!(offers(&office, account, High).await.len(), 1);
}

async fn two_systems_taken_over_at_once_are_one_mail(db: Db) {
    let (office, account) = erika(db).await;
    for system in ["zweites", "drittes"] {
        let other = siegel_account::ImportOrder { system: system.into(), ..order(&office) };
        let path = file(&office, system, r#"{"id":"1","email":"erika@example.org"}"#);
        office.imports().import(&path, &other, &mut Vec::new(), |_| {}).await.unwrap();
    }
    let mut all = offers(&office, account, High).await;
    let last = all.pop().unwrap().offer_id;
    for offer in all {
        let request = AcceptOfferRequest {
            request_id: office.fresh(),
            offer_id: offer.offer_id,
            attributes: Vec::new(),
        };
        office.offers(account, High).accept_offer(request).await.unwrap();
    }
    office.clock.advance(DAYS);
    take(&office, (account, High), &last, &[]).await.unwrap();
    let notices = office.contacts.notices(2).await;
    assert_eq!(notices.len(), 2, "one for two systems, one a day later");
    assert!(notices.iter().all(|n| n.template() == Template::DataTakenOver));
    assert_eq!(notices[0].recipient, account.to_string());
}

async fn who_imported_it_is_a_look_of_staff(db: Db) {
    let (office, account) = erika(db).await;
    let offer = only(&office, account, High).await;
    let imported_at = office.clock.now();
    office.clock.advance(DAYS);
    take(&office, (account, High), &offer.offer_id, &[]).await.unwrap();
    let request = ListStaffAccessesRequest::default();
    let looks =
        office.privacy(account).list_staff_accesses(request).await.unwrap().into_inner().accesses;
    let [look] = &looks[..] else { unreachable!("one look") };
    assert_eq!((look.staff.as_str(), look.reference.as_str()), ("land", "operator:anna"));
    assert_eq!(look.reason, "Import: Servicekonto Altland");
    assert_eq!(look.at.as_ref().map(siegel_proto::convert::instant), Some(imported_at));
}

//! A card that says something else than the last one: the person compares and decides.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::{
    ChangeDecision, DecideChangeRequest, GetPendingChangeRequest, ListAttributeHistoryRequest,
    ListAttributesRequest, PendingChange,
};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_new_card_with_other_data_changes_nothing_before_the_decision,
    updating_takes_the_new_card_over_and_the_old_one_stays_as_history,
    keeping_forgets_the_new_card_and_leaves_everything_as_it_was,
    a_title_that_the_new_card_lacks_is_compared_and_goes_with_the_update,
    the_same_card_again_ends_what_waited,
    of_two_new_cards_the_later_one_waits,
    a_change_of_somebody_else_is_as_one_that_is_not_there,
    what_waits_is_sealed_and_gone_after_the_decision,
    the_history_is_read_in_pages_newest_first,
}

async fn erika(office: &mut Office) -> AccountId {
    let account = office.account("erika@example.org").await;
    office.card(account, &[("family_name", "Gabler"), ("city", "Köln"), ("title", "Dr.")]).await;
    account
}

async fn waiting(office: &Office, account: AccountId) -> Option<PendingChange> {
    let got = office.changes(account).get_pending_change(GetPendingChangeRequest {}).await;
    got.unwrap().into_inner().change
}

async fn decide(office: &Office, account: AccountId, id: &str, decision: ChangeDecision) {
    let request = decision_on(id, decision);
    office.changes(account).decide_change(request).await.unwrap();
}

fn decision_on(id: &str, decision: ChangeDecision) -> DecideChangeRequest {
    DecideChangeRequest {
        request_id: "decide".into(),
        change_id: id.into(),
        decision: decision.into(),
    }
}

async fn value(office: &Office, account: AccountId, name: &str) -> Option<String> {
    let listed = office.person(account).list_attributes(ListAttributesRequest {}).await.unwrap();
    let found = listed.into_inner().attributes.into_iter().find(|a| a.name == name);
    found.map(|a| a.value)
}

async fn a_new_card_with_other_data_changes_nothing_before_the_decision(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    assert_eq!(waiting(&office, account).await, None, "the first card waits for nobody");
    office.card(account, &[("family_name", "Gabler"), ("city", "Kiel")]).await;
    assert_eq!(value(&office, account, "city").await.as_deref(), Some("Köln"));
    let change = waiting(&office, account).await.unwrap();
    assert_eq!(change.level, 4);
    let seen: Vec<_> = change
        .differences
        .iter()
        .map(|d| {
            let value = |a: &Option<_>| {
                a.as_ref().map(|a: &siegel_proto::account::v1::Attribute| a.value.clone())
            };
            (d.name.clone(), value(&d.before), value(&d.after), d.differs)
        })
        .collect();
    let line = |name: &str, old: &str, new: &str, differs| {
        (name.to_owned(), Some(old.to_owned()), Some(new.to_owned()), differs)
    };
    let wanted =
        [line("family_name", "Gabler", "Gabler", false), line("city", "Köln", "Kiel", true)];
    assert_eq!(seen, wanted, "side by side");
    let waits = ("account.identification.recorded".to_owned(), "waits".to_owned());
    assert!(office.audit().await.contains(&waits));
}

async fn updating_takes_the_new_card_over_and_the_old_one_stays_as_history(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("city", "Kiel")]).await;
    let change = waiting(&office, account).await.unwrap();
    decide(&office, account, &change.change_id, ChangeDecision::Update).await;
    decide(&office, account, &change.change_id, ChangeDecision::Update).await;
    assert_eq!(value(&office, account, "city").await.as_deref(), Some("Kiel"));
    assert_eq!(value(&office, account, "family_name").await.as_deref(), Some("Gabler"));
    assert_eq!(waiting(&office, account).await, None);
    let past = office
        .changes(account)
        .list_attribute_history(ListAttributeHistoryRequest::default())
        .await
        .unwrap();
    let past = past.into_inner().values;
    let cities: Vec<_> = past
        .iter()
        .filter_map(|v| v.attribute.as_ref().map(|a| (a, v.superseded_at.is_some())))
        .filter(|(a, _)| a.name == "city")
        .map(|(a, over)| (a.value.as_str(), over))
        .collect();
    assert_eq!(cities, [("Kiel", false), ("Köln", true)]);
    let decided = ("account.change.decided".to_owned(), "done".to_owned());
    assert!(office.audit().await.contains(&decided));
}

async fn keeping_forgets_the_new_card_and_leaves_everything_as_it_was(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("city", "Kiel")]).await;
    let change = waiting(&office, account).await.unwrap();
    decide(&office, account, &change.change_id, ChangeDecision::Keep).await;
    assert_eq!(value(&office, account, "city").await.as_deref(), Some("Köln"));
    assert_eq!(waiting(&office, account).await, None);
    let kept = "SELECT COUNT(*) FROM attribute_changes WHERE decision = 'kept'";
    assert_eq!(office.count(kept).await, 1, "that it was decided is on record");
}

async fn a_title_that_the_new_card_lacks_is_compared_and_goes_with_the_update(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("title", "")]).await;
    let change = waiting(&office, account).await.unwrap();
    let [line] = &change.differences[..] else { unreachable!("one line") };
    assert!(line.before.is_some() && line.after.is_none() && line.differs);
    decide(&office, account, &change.change_id, ChangeDecision::Update).await;
    assert_eq!(value(&office, account, "title").await, None);
}

async fn the_same_card_again_ends_what_waited(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("city", "Kiel")]).await;
    office.card(account, &[("city", "Köln")]).await;
    assert_eq!(waiting(&office, account).await, None);
}

async fn of_two_new_cards_the_later_one_waits(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("city", "Kiel")]).await;
    let first = waiting(&office, account).await.unwrap();
    office.card(account, &[("city", "Bonn")]).await;
    let second = waiting(&office, account).await.unwrap();
    assert_ne!(first.change_id, second.change_id);
    let old = decision_on(&first.change_id, ChangeDecision::Update);
    let status = office.changes(account).decide_change(old).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CHANGE_UNKNOWN"), "an old page decides nothing");
    decide(&office, account, &second.change_id, ChangeDecision::Update).await;
    assert_eq!(value(&office, account, "city").await.as_deref(), Some("Bonn"));
}

async fn a_change_of_somebody_else_is_as_one_that_is_not_there(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let max = office.account("max@example.org").await;
    office.card(account, &[("city", "Kiel")]).await;
    let change = waiting(&office, account).await.unwrap();
    assert_eq!(waiting(&office, max).await, None);
    let of_others = decision_on(&change.change_id, ChangeDecision::Update);
    let nothing = decision_on("chg_00000000000000000000000000000000", ChangeDecision::Update);
    let mut answers = Vec::new();
    for request in [of_others, nothing, decision_on("x", ChangeDecision::Update)] {
        let status = office.changes(max).decide_change(request).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned()));
    }
    assert_eq!(answers[0].0, Code::NotFound);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
}

async fn what_waits_is_sealed_and_gone_after_the_decision(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.card(account, &[("city", "Kiel")]).await;
    let shown = match office.db {
        Db::Sqlite { .. } => {
            "SELECT COUNT(*) FROM attribute_changes WHERE CAST(payload AS TEXT) LIKE '%Kiel%'"
        }
        Db::Postgres(_) => {
            "SELECT COUNT(*) FROM attribute_changes \
             WHERE encode(payload, 'escape') LIKE '%Kiel%'"
        }
    };
    assert_eq!(office.count(shown).await, 0);
    let change = waiting(&office, account).await.unwrap();
    decide(&office, account, &change.change_id, ChangeDecision::Keep).await;
    let left = "SELECT COUNT(*) FROM attribute_changes WHERE payload IS NOT NULL";
    assert_eq!(office.count(left).await, 0);
}

async fn the_history_is_read_in_pages_newest_first(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let mut token = String::new();
    let mut names = Vec::new();
    loop {
        let request = ListAttributeHistoryRequest { page_size: 1, page_token: token };
        let page = office.changes(account).list_attribute_history(request).await.unwrap();
        let page = page.into_inner();
        names.extend(
            page.values.iter().filter_map(|v| v.attribute.as_ref()).map(|a| a.name.clone()),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["city", "email", "family_name", "title"], "each of them once");
}

//! What is granted together: the list that everybody may ask for, and its words.

use std::collections::BTreeMap;

use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::Action;
use siegel_testkit::on_each_backend;

use crate::giving::{HIGH, grant, granting};
use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    the_list_names_every_package_with_what_it_allows,
    the_portal_has_words_for_every_package_in_both_languages,
    what_the_list_says_is_for_persons_a_person_can_grant_and_nothing_else,
}

/// The portal's own texts: it cannot ask a running organisation when it is built.
const WORDS: [(&str, &str); 2] = [
    ("de", include_str!("../../../portal/locales/de/portal.ftl")),
    ("en", include_str!("../../../portal/locales/en/portal.ftl")),
];

async fn listed(office: &Office) -> Vec<pb::Package> {
    let mut anybody = office.mandates(office.somebody(), HIGH);
    anybody.list_packages(pb::ListPackagesRequest {}).await.unwrap().into_inner().packages
}

async fn the_list_names_every_package_with_what_it_allows(db: Db) {
    use Action::{Act, DeleteMail, ManageMembers, ReadMail, ReceiveMail, ReplyMail};
    let office = Office::open(db).await;
    let packages = listed(&office).await;
    let told: BTreeMap<&str, Vec<Action>> =
        packages.iter().map(|p| (p.package.as_str(), p.actions().collect())).collect();
    let expected: [(&str, &[Action]); 7] = [
        ("mail-reader", &[ReadMail]),
        ("mail-receiver", &[ReadMail, ReceiveMail]),
        ("mail-agent", &[ReadMail, ReceiveMail, ReplyMail, DeleteMail]),
        ("applications", &[Act]),
        ("adviser", &[ReadMail, ReceiveMail, ReplyMail, Act]),
        ("full", &[ReadMail, ReceiveMail, ReplyMail, DeleteMail, Act]),
        ("member-manager", &[ManageMembers]),
    ];
    let expected: BTreeMap<_, _> =
        expected.into_iter().map(|(code, actions)| (code, actions.to_vec())).collect();
    assert_eq!(packages.len(), 7, "each once");
    assert_eq!(told, expected);
}

async fn the_portal_has_words_for_every_package_in_both_languages(db: Db) {
    let office = Office::open(db).await;
    for package in listed(&office).await {
        let key = format!("package-{} = ", package.package);
        for (language, texts) in WORDS {
            let words = texts.lines().find_map(|line| line.strip_prefix(&key)).unwrap_or_default();
            assert!(words.contains(' '), "{key} in {language}: {words:?}");
        }
    }
}

async fn what_the_list_says_is_for_persons_a_person_can_grant_and_nothing_else(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let mut for_persons = 0;
    for pb::Package { package, for_persons: told, .. } in listed(&office).await {
        let request =
            pb::GrantMandateRequest { package: package.clone(), ..granting(&office, &package) };
        assert_eq!(grant(&office, erika, request).await.is_ok(), told, "{package}");
        for_persons += usize::from(told);
    }
    assert_eq!(for_persons, 6);
}

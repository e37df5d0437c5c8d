//! The pages as a browser sees them, with faked siblings.

mod act_for;
mod asked;
mod card;
mod consent;
mod credentials;
mod deletion;
mod disabled;
mod guest;
mod guest_keep;
mod house;
mod inactivity;
mod login;
mod logout;
mod merge;
mod register;
mod remains;

use siegel_web::testing::{assert_same_keys, assert_texts_exist, keys};

const DE: &str = include_str!("../../../../locales/de/identity.ftl");
const EN: &str = include_str!("../../../../locales/en/identity.ftl");

#[test]
fn both_languages_have_the_same_texts() {
    assert_same_keys(DE, EN);
}

#[test]
fn every_text_asked_for_exists() {
    let sources = [
        include_str!("../act_for.rs"),
        include_str!("../consent.rs"),
        include_str!("../guest.rs"),
        include_str!("../login.rs"),
        include_str!("../logout.rs"),
        include_str!("../register.rs"),
        include_str!("../step_up.rs"),
        include_str!("../upstream.rs"),
        include_str!("../upstream_link.rs"),
        include_str!("../upstream_claim.rs"),
        include_str!("../visit.rs"),
        include_str!("../../answer.rs"),
        include_str!("../../../../templates/act_for.html"),
        include_str!("../../../../templates/consent.html"),
        include_str!("../../../../templates/login.html"),
        include_str!("../../../../templates/register.html"),
        include_str!("../../../../templates/confirm.html"),
        include_str!("../../../../templates/step_up.html"),
        include_str!("../../../../templates/upstreams.html"),
        include_str!("../../../../templates/upstream_ask.html"),
        include_str!("../../../../templates/upstream_claim.html"),
        include_str!("../../../../templates/waiting.html"),
        include_str!("../../../../templates/who.html"),
        include_str!("../../../../templates/logout.html"),
        include_str!("../../../../templates/form_post.html"),
    ];
    assert_texts_exist(&sources, DE);
}

#[test]
fn every_scope_and_attribute_has_a_text() {
    let known = keys(DE);
    let missing: Vec<String> = crate::domain::scopes::ALL
        .iter()
        .filter(|(_, opens)| {
            use crate::domain::scopes::Opens;
            matches!(opens, Opens::Handle | Opens::Offline | Opens::Api(_))
        })
        .map(|(scope, _)| super::consent::scope_key(scope))
        .chain(siegel_oidc::catalogue::CATALOGUE.iter().map(|row| row.label.to_owned()))
        .filter(|key| !known.contains(key))
        .collect();
    assert!(missing.is_empty(), "no text for {missing:?}");
}

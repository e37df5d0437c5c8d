use siegel_web::testing::{assert_same_keys, assert_texts_exist};

const DE: &str = include_str!("../../locales/de/portal.ftl");
const EN: &str = include_str!("../../locales/en/portal.ftl");

#[test]
fn both_languages_have_the_same_texts() {
    assert_same_keys(DE, EN);
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let sources = [
        include_str!("../pages/accesses.rs"),
        include_str!("../pages/account.rs"),
        include_str!("../pages/acting.rs"),
        include_str!("../pages/asked.rs"),
        include_str!("../pages/attributes.rs"),
        include_str!("../pages/consents.rs"),
        include_str!("../pages/data/change.rs"),
        include_str!("../pages/data/document.rs"),
        include_str!("../pages/data/history.rs"),
        include_str!("../pages/data/offers.rs"),
        include_str!("../pages/data/mod.rs"),
        include_str!("../pages/data/receipt.rs"),
        include_str!("../pages/data/safe.rs"),
        include_str!("../pages/data/staff.rs"),
        include_str!("../pages/disclosures.rs"),
        include_str!("../pages/export.rs"),
        include_str!("../pages/folders.rs"),
        include_str!("../pages/home.rs"),
        include_str!("../pages/keep.rs"),
        include_str!("../pages/legal_form.rs"),
        include_str!("../pages/letter.rs"),
        include_str!("../pages/login.rs"),
        include_str!("../pages/invitation.rs"),
        include_str!("../pages/mandate.rs"),
        include_str!("../pages/mandate_new.rs"),
        include_str!("../pages/mandate_words.rs"),
        include_str!("../pages/mandates.rs"),
        include_str!("../pages/mailboxes.rs"),
        include_str!("../pages/organisation.rs"),
        include_str!("../pages/organisation_members.rs"),
        include_str!("../pages/organisation_record.rs"),
        include_str!("../pages/postbox.rs"),
        include_str!("../pages/programs.rs"),
        include_str!("../pages/revocation.rs"),
        include_str!("../pages/rights.rs"),
        include_str!("../pages/substitutions.rs"),
        include_str!("../pages/receipts.rs"),
        include_str!("../pages/search.rs"),
        include_str!("../pages/reply.rs"),
        include_str!("../pages/security.rs"),
        include_str!("../pages/settings.rs"),
        include_str!("../pages/trouble.rs"),
        include_str!("../pages/units/contacts.rs"),
        include_str!("../pages/units/mod.rs"),
        include_str!("../pages/units/one.rs"),
        include_str!("../pages/verify.rs"),
        include_str!("../pages/visitor.rs"),
        include_str!("../../templates/accesses.html"),
        include_str!("../../templates/account.html"),
        include_str!("../../templates/account_nav.html"),
        include_str!("../../templates/acting.html"),
        include_str!("../../templates/change.html"),
        include_str!("../../templates/consent_receipt.html"),
        include_str!("../../templates/consents.html"),
        include_str!("../../templates/document.html"),
        include_str!("../../templates/history.html"),
        include_str!("../../templates/safe.html"),
        include_str!("../../templates/staff.html"),
        include_str!("../../templates/disclosures.html"),
        include_str!("../../templates/export.html"),
        include_str!("../../templates/home.html"),
        include_str!("../../templates/letter.html"),
        include_str!("../../templates/letter_text.html"),
        include_str!("../../templates/mandate.html"),
        include_str!("../../templates/mandate_code.html"),
        include_str!("../../templates/mandates.html"),
        include_str!("../../templates/mailboxes.html"),
        include_str!("../../templates/organisation_new.html"),
        include_str!("../../templates/rights.html"),
        include_str!("../../templates/substitutions.html"),
        include_str!("../../templates/organisations.html"),
        include_str!("../../templates/postbox.html"),
        include_str!("../../templates/preview.html"),
        include_str!("../../templates/receipt.html"),
        include_str!("../../templates/receipts.html"),
        include_str!("../../templates/search.html"),
        include_str!("../../templates/search_form.html"),
        include_str!("../../templates/replied.html"),
        include_str!("../../templates/reply.html"),
        include_str!("../../templates/security.html"),
        include_str!("../../templates/settings.html"),
        include_str!("../../templates/step_up.html"),
        include_str!("../../templates/verify.html"),
    ];
    assert_texts_exist(&sources, DE);
}

/// Keys that are put together or chosen at run time.
#[test]
fn every_text_that_is_chosen_at_run_time_exists() {
    let known = siegel_web::testing::keys(DE);
    let words = include_str!("../pages/words.rs");
    let chosen = words.split('"').filter(|w| {
        let prefix = w.split('-').next().unwrap_or_default();
        w.contains('-') && ["source", "type", "state", "role"].contains(&prefix)
    });
    let labels = siegel_oidc::catalogue::CATALOGUE.iter().map(|row| row.label);
    let rest = [
        "access-other",
        "access-listed",
        "access-previewed",
        "access-opened",
        "access-confirmed",
        "access-refused",
        "access-downloaded",
        "access-downloaded-part",
        "access-proof",
        "access-mailbox",
        "letter-archive",
        "letter-trash",
        "letter-inbox",
        "consent-was-withdrawn",
        "consent-was-replaced",
        "consent-withdrawn-at",
        "consent-replaced-at",
        "document-own",
        "document-issued",
        "receipt-allowed",
        "receipt-declined",
        "receipt-taken-over",
        "safe-full",
        "safe-file-bad",
        "choice-excluded",
        "choice-allowed",
        "choice-general",
        "contact-email",
        "contact-telephone",
        "contact-web",
        "postbox-of",
        "postbox-of-person",
        "register-hra",
        "register-hrb",
        "register-vr",
        "register-gr",
        "register-pr",
        "record-activity",
        "record-euid",
        "record-lei",
        "record-vat-id",
        "record-economic-id",
        "source-register",
        "source-organisation-certificate",
        "package-mail-reader",
        "package-mail-receiver",
        "package-mail-agent",
        "package-applications",
        "package-adviser",
        "package-full",
        "package-member-manager",
    ];
    for key in chosen.chain(labels).chain(rest) {
        assert!(known.contains(key), "{key} is missing");
    }
}

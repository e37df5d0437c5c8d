//! `docs/attributes.md`

use std::fmt::Write as _;

use siegel_oidc::catalogue::{Attribute, CATALOGUE, Form, Kept, OTHERS};

const HEAD: &str = "# Attributes

What an account can hold about a person. `given_name` is the name of the claim, of the attribute in
the protobuf messages (`siegel.account.v1.Attribute.name`) and in the settings; the OID is that of
the BundID interface. Clients that would rather not compare text read `Attribute.attribute`, of the
enum `siegel.account.v1.AttributeName`; each of its values has claim and OID as options. Written from `libs/oidc/src/catalogue.rs`:
`cargo test -p siegel-oidc --test written -- --ignored`.

| Claim | OID (`urn:oid:`) | Form | At most | Who may say it | May not apply |
|---|---|---|---|---|---|
";

const MIDDLE: &str = "
Every value has a source (self-declared, confirmed by a code, eID card, another provider,
certificate, operator), a level, the time of its proof, and an end where its source named one. A
value of unknown level, or past its end, is not released. One that does not apply is released as
such: `attribute_levels` says `\"not_applicable\": true`, and the claim itself is absent, never an
empty string.

`street` and `house_number` have no OID: the federal interface knows one line. Where a source gives
them apart, the line is made of them; where it gives the line, they are absent: nobody guesses where
a house number begins.

The other rows of the federal interface are not held by accounts and cannot be asked for by name:

| Name there | OID (`urn:oid:`) | Form | Travels here as |
|---|---|---|---|
";

fn form(form: Form) -> &'static str {
    match form {
        Form::Text => "text on one line",
        Form::Date => "date, ISO 8601",
        Form::Country => "ISO 3166-1 alpha-2",
        Form::Nationality => "ICAO 9303 code",
        Form::Salutation => "ISO 5218: 0, 1, 2, 9",
        Form::Phone => "ITU-T E.164 with `+`",
        Form::Email => "`local@domain`",
        Form::Boolean => "`true` or `false`",
        Form::Uuid => "UUID",
        Form::Version => "version, `2020.2.1`",
    }
}

fn oid(row: &Attribute) -> String {
    if row.oid.is_empty() { "–".to_owned() } else { format!("`{}`", row.oid) }
}

pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for row in CATALOGUE {
        let who = if row.self_declarable { "the person, or a proof" } else { "a proof only" };
        let absent = if row.may_not_apply { "yes" } else { "" };
        let (name, oid, form) = (row.name, oid(row), form(row.form));
        writeln!(page, "| `{name}` | {oid} | {form} | {} | {who} | {absent} |", row.max_chars)
            .unwrap();
    }
    page.push_str(MIDDLE);
    for row in OTHERS {
        let carried = match row.kept {
            Kept::Made(by) => by,
            Kept::Dropped => "nothing: dropped there",
            Kept::ByAccount => unreachable!("stands above"),
        };
        writeln!(page, "| `{}` | {} | {} | {carried} |", row.name, oid(row), form(row.form))
            .unwrap();
    }
    page
}

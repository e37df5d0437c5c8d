//! How an organisation, or one of its units, is reached.

use siegel_proto::organisation::v1 as pb;
use siegel_web::Texts;
use siegel_web::forms::{Button, Choice, DescriptionList, Errors, Input, Item, Select};
use tonic::Status;

use super::{Known, Record, Sent};
use crate::pages::Signed;
use crate::pages::organisation_members::manages;
use crate::pages::sections::{Section, SmallForm};
use crate::pages::words::Ident;

const KINDS: [pb::ContactKind; 3] =
    [pb::ContactKind::Email, pb::ContactKind::Telephone, pb::ContactKind::Web];

/// Whose contact points, and where their forms go.
pub struct Place<'a> {
    /// Empty for the organisation itself.
    pub unit: &'a str,
    pub action: &'a str,
    pub nonce: &'a str,
}

fn kind(t: &Texts, kind: pb::ContactKind) -> String {
    t.get(match kind {
        pb::ContactKind::Unspecified | pb::ContactKind::Email => "contact-email",
        pb::ContactKind::Telephone => "contact-telephone",
        pb::ContactKind::Web => "contact-web",
    })
}

/// Those there are, and for those who manage the forms to change them.
pub(super) fn sections(
    who: &Signed,
    known: &Known,
    place: &Place<'_>,
    (sent, errors): (&Sent, &Errors),
) -> Vec<Section> {
    let (t, locale) = (who.texts(), who.view.locale);
    let own: Vec<_> = known.contacts.iter().filter(|one| one.unit_id == place.unit).collect();
    let item = |one: &&pb::ContactPoint| {
        let kind = kind(&t, one.kind());
        let key = if one.label.is_empty() { kind } else { format!("{} ({kind})", one.label) };
        Item::new(key, one.value.clone())
    };
    let list = Section::new(t.get("contacts"));
    let list = if own.is_empty() {
        list.text(t.get("contacts-none"))
    } else {
        list.facts(&DescriptionList::new(locale, own.iter().map(item)))
    };
    if !manages(&known.members) {
        return vec![list];
    }
    let remove = |list: Section, one: &&pb::ContactPoint| {
        let text = t.with("contact-remove", [("value", one.value.as_str().into())]);
        let button = Button::tertiary(text).sends("what", "remove");
        let form = SmallForm::new(place.action.to_owned(), button).hidden("form", place.nonce);
        list.form(form.hidden("contact", one.contact_point_id.clone()))
    };
    let list = own.iter().fold(list, remove);
    let choices = KINDS.map(|one| Choice::new(i32::from(one).to_string(), kind(&t, one)));
    let kinds = Select::new("kind", t.get("contact-kind"), choices).selected(sent.field("kind"));
    let value = Input::text("value", t.get("contact-value")).hint(t.get("contact-hint"));
    let label = Input::text("label", t.get("contact-label")).hint(t.get("contact-label-hint"));
    let send = Button::secondary(t.get("contact-add")).sends("what", "add");
    let form = SmallForm::new(place.action.to_owned(), send)
        .hidden("form", place.nonce)
        .part(&kinds.to_html())
        .part(&value.value(sent.field("value")).max_length(254).error_in(errors).to_html())
        .part(&label.value(sent.field("label")).max_length(100).optional(locale).to_html());
    vec![list, Section::new(t.get("contact-new")).form(form)]
}

pub(super) async fn add(
    record: &mut Record,
    id: &Ident,
    unit: &str,
    sent: &Sent,
) -> Result<(), Status> {
    let request = pb::AddContactPointRequest {
        request_id: sent.request_id(&[&id.to_string(), unit]),
        organisation_id: id.to_string(),
        kind: sent.field("kind").parse().unwrap_or_default(),
        value: sent.field("value").to_owned(),
        label: sent.field("label").to_owned(),
        unit_id: unit.to_owned(),
    };
    record.add_contact_point(request).await.map(drop)
}

pub(super) async fn remove(record: &mut Record, id: &Ident, sent: &Sent) -> Result<(), Status> {
    let request = pb::RemoveContactPointRequest {
        request_id: sent.request_id(&[&id.to_string()]),
        organisation_id: id.to_string(),
        contact_point_id: sent.field("contact").to_owned(),
    };
    record.remove_contact_point(request).await.map(drop)
}

//! The account: who the person is to us, how sure we are, and where each attribute comes from.

use axum::response::Response;
use siegel_kernel::TrustLevel;
use siegel_oidc::catalogue;
use siegel_proto::account::v1::{Attribute, GetAccountRequest, ListAttributesRequest};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_web::Texts;
use siegel_web::forms::{DescriptionList, Item, LevelBadge, Link};

use super::{Signed, data, visitor, words};

#[derive(askama::Template)]
#[template(path = "account.html")]
struct Account {
    t: Texts,
    current: &'static str,
    held: LevelBadge,
    held_text: String,
    proven: Option<LevelBadge>,
    raise: Option<Link>,
    compare: Option<Link>,
    offers: Option<Link>,
    attributes: Option<DescriptionList>,
    edit: Link,
    opened: String,
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    let mut service = who.account().await?;
    let refuse = |status: tonic::Status| who.refuse("account", &status);
    let account = service.get_account(GetAccountRequest {}).await.map_err(refuse)?.into_inner();
    let list = service.list_attributes(ListAttributesRequest {}).await.map_err(refuse)?;
    let list = list.into_inner().attributes;
    let named = who.app.rename(&who.session, &account.display_name).await;
    named.map_err(|error| who.oidc(&error))?;
    let who = Signed { session: who.session.named(account.display_name), ..who };

    let waits = data::change::waiting(&who).await?.is_some();
    let offered = !data::offers::waiting(&who).await?.is_empty();
    let (t, locale, held) = (who.texts(), who.view.locale, who.session.level);
    let proven = convert::level(account.proven_level).filter(|level| *level != held);
    let items: Vec<_> = sorted(list).iter().map(|a| item(&who, &t, a)).collect();
    let body = Account {
        current: "account",
        held: LevelBadge::new(held, locale),
        held_text: t.get(explained(held)),
        proven: proven.map(|level| LevelBadge::new(level, locale)),
        raise: (held < TrustLevel::High)
            .then(|| visitor::raise(TrustLevel::High, "/account", t.get("account-raise"))),
        compare: waits.then(|| Link::primary("/account/change", t.get("change-compare"))),
        offers: offered.then(|| Link::primary("/account/offers", t.get("offers-look"))),
        attributes: (!items.is_empty()).then(|| DescriptionList::new(locale, items)),
        edit: Link::secondary("/account/edit", t.get("account-edit")),
        opened: words::date_time(locale, account.opened_at.as_ref()),
        t,
    };
    let page = who.page(t.get("account"));
    Ok(if waits {
        page.notice(data::change::notice(&t)).show(&body)
    } else if offered {
        page.notice(data::offers::notice(&t)).show(&body)
    } else {
        page.show(&body)
    })
}

/// In the order in which people expect them: that of the catalogue.
pub fn sorted(mut attributes: Vec<Attribute>) -> Vec<Attribute> {
    let place = |name: &str| {
        let rows = catalogue::CATALOGUE;
        rows.iter().position(|row| row.name == name).unwrap_or(rows.len())
    };
    attributes.sort_by_key(|a| place(&a.name));
    attributes
}

fn item(who: &Signed, t: &Texts, attribute: &Attribute) -> Item {
    let label = words::attribute(t, &attribute.name);
    let source = data::origin(t, attribute);
    let value = data::value(t, who.view.locale, attribute);
    let item = Item::new(label, value).source(source);
    let item = match convert::level(attribute.level) {
        Some(level) => item.level(level),
        None => item,
    };
    let declared = attribute.source() == AttributeSource::SelfDeclared;
    if declared && catalogue::attribute(&attribute.name).is_some_and(|row| row.self_declarable) {
        return item.action(format!("/account/edit#{}", attribute.name), t.get("account-change"));
    }
    item
}

const fn explained(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Basic => "level-basic-means",
        TrustLevel::Low => "level-low-means",
        TrustLevel::Substantial => "level-substantial-means",
        TrustLevel::High => "level-high-means",
    }
}

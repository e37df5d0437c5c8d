//! Personal data and consents, kept by the account service.

use siegel_grpc::Siblings;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::account_registry_service_client::AccountRegistryServiceClient;
use siegel_proto::common::v1::{AttributeSource, TrustLevel as WireLevel};
use siegel_proto::convert;
use tonic::Status;

use super::eid::Identified;
use crate::domain::certificate_holder::Holder;
use crate::domain::upstream::Taken;

/// Who asks for which attributes, for what.
#[derive(Clone, Copy)]
pub struct Release<'a> {
    pub account: AccountId,
    pub client_id: &'a str,
    pub client_name: &'a str,
    pub attributes: &'a [String],
    pub purpose: &'a str,
}

/// An attribute as it would be released.
#[derive(Clone, Debug)]
pub struct Shown {
    pub name: String,
    pub value: String,
    pub source: AttributeSource,
    pub level: Option<TrustLevel>,
    /// There is none, and that is what would be released.
    pub not_applicable: bool,
}

/// What a release would give out.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Those of the asked attributes that the account has.
    pub attributes: Vec<Shown>,
    /// Whether a standing consent covers all that was asked.
    pub consented: bool,
}

type Client = AccountRegistryServiceClient<siegel_grpc::AuthChannel>;

fn client(siblings: &Siblings) -> Client {
    AccountRegistryServiceClient::new(siblings.channel("account"))
}

/// Opens the account that identity minted; doing it again changes nothing. `email` is empty for an
/// account whose person came from elsewhere.
pub async fn open_account(
    siblings: &Siblings,
    account: AccountId,
    email: &str,
    locale: &str,
) -> Result<(), Status> {
    let request = pb::OpenAccountRequest {
        request_id: format!("open-{}", siegel_grpc::audit_name(account)),
        account_id: account.to_string(),
        email: email.to_owned(),
        locale: locale.to_owned(),
    };
    client(siblings).open_account(request).await?;
    Ok(())
}

/// Tells the account's new address; with the same `request_id` it is told once.
pub async fn change_email(
    siblings: &Siblings,
    request_id: &str,
    account: AccountId,
    email: &str,
) -> Result<(), Status> {
    let request = pb::ChangeEmailRequest {
        request_id: request_id.to_owned(),
        account_id: account.to_string(),
        email: email.to_owned(),
    };
    client(siblings).change_email(request).await?;
    Ok(())
}

/// Where values come from, and what they are worth.
struct Origin<'a> {
    source: AttributeSource,
    /// Which one, where there are many.
    detail: &'a str,
    at: Timestamp,
    until: Option<Timestamp>,
}

impl Origin<'_> {
    fn said(&self, name: &str, value: &str, level: TrustLevel) -> pb::Attribute {
        pb::Attribute {
            name: name.to_owned(),
            value: value.to_owned(),
            source: self.source.into(),
            source_detail: self.detail.to_owned(),
            level: WireLevel::from(level).into(),
            verified_at: Some(convert::timestamp(self.at)),
            valid_until: self.until.map(convert::timestamp),
            ..pb::Attribute::default()
        }
    }
}

/// Stores what somebody else than the person said; with the same `request_id` it is stored once.
async fn record(
    siblings: &Siblings,
    request_id: &str,
    account: AccountId,
    attributes: impl Iterator<Item = pb::Attribute>,
) -> Result<(), Status> {
    let request = pb::RecordIdentificationRequest {
        request_id: request_id.to_owned(),
        account_id: account.to_string(),
        attributes: attributes.collect(),
    };
    client(siblings).record_identification(request).await?;
    Ok(())
}

/// Stores what a card proved, and what it has not; with the same `request_id` it is stored once.
pub async fn record_identification(
    siblings: &Siblings,
    request_id: &str,
    account: AccountId,
    card: &Identified,
) -> Result<(), Status> {
    let origin = Origin { source: AttributeSource::Eid, detail: "", at: card.at, until: None };
    // A title that the card before had is no title of this one.
    let said = catalogue::on_card().map(|name| origin.said(name, card.get(name), card.level));
    record(siblings, request_id, account, said).await
}

/// What an operator wrote down about a person.
pub struct Entered<'a> {
    pub account: AccountId,
    pub level: TrustLevel,
    /// Name and value; an empty value takes the attribute away.
    pub attributes: &'a [(String, String)],
    pub at: Timestamp,
}

/// Stores what an operator wrote down; with the same `request_id` it is stored once.
pub async fn record_entered(
    siblings: &Siblings,
    request_id: &str,
    entered: &Entered<'_>,
) -> Result<(), Status> {
    let source = AttributeSource::Operator;
    let origin = Origin { source, detail: "", at: entered.at, until: None };
    let all = entered.attributes.iter();
    let said = all.map(|(name, value)| origin.said(name, value, entered.level));
    record(siblings, request_id, entered.account, said).await
}

/// What a provider said of its person.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    /// Id of the provider here.
    pub provider: &'a str,
    pub taken: &'a [Taken],
    pub at: Timestamp,
}

/// Stores what a provider said of its person; with the same `request_id` it is stored once.
pub async fn record_upstream(
    siblings: &Siblings,
    request_id: &str,
    account: AccountId,
    said: Said<'_>,
) -> Result<(), Status> {
    let source = AttributeSource::Upstream;
    let origin = Origin { source, detail: said.provider, at: said.at, until: None };
    let said = said.taken.iter().map(|one| origin.said(&one.name, &one.value, one.level));
    record(siblings, request_id, account, said).await
}

/// What a person's certificate says of them.
pub struct Certified<'a> {
    pub holder: &'a Holder,
    /// Its distinguished name.
    pub issuer: &'a str,
    pub level: TrustLevel,
    pub at: Timestamp,
}

/// Stores what a certificate says, for as long as it is in force; with the same `request_id` it is
/// stored once.
pub async fn record_certificate(
    siblings: &Siblings,
    request_id: &str,
    account: AccountId,
    said: &Certified<'_>,
) -> Result<(), Status> {
    let detail: String = said.issuer.chars().filter(|c| !c.is_control()).take(128).collect();
    let until = Some(said.holder.until());
    let source = AttributeSource::Certificate;
    let origin = Origin { source, detail: &detail, at: said.at, until };
    let all = said.holder.attributes.iter();
    let said = all.map(|(name, value)| origin.said(name, value, said.level));
    record(siblings, request_id, account, said).await
}

/// What the consent page shows.
pub async fn preview(siblings: &Siblings, release: Release<'_>) -> Result<Preview, Status> {
    let request = pb::PreviewReleaseRequest {
        account_id: release.account.to_string(),
        client_id: release.client_id.to_owned(),
        attributes: release.attributes.to_vec(),
        purpose: release.purpose.to_owned(),
    };
    let answer = client(siblings).preview_release(request).await?.into_inner();
    let shown = |a: pb::Attribute| Shown {
        source: a.source(),
        level: convert::level(a.level),
        not_applicable: a.not_applicable,
        name: a.name,
        value: a.value,
    };
    let attributes = answer.attributes.into_iter().map(shown).collect();
    Ok(Preview { attributes, consented: answer.consented })
}

/// The page on which somebody consented, for the receipt.
pub struct Seen {
    pub page: pb::ConsentPage,
    pub level: TrustLevel,
}

/// Stores a consent, and ends what stood for `declined` attributes; with the same `request_id` it is
/// stored once.
pub async fn record_consent(
    siblings: &Siblings,
    request_id: &str,
    release: Release<'_>,
    declined: &[String],
    seen: Seen,
) -> Result<(), Status> {
    let request = pb::RecordConsentRequest {
        request_id: request_id.to_owned(),
        account_id: release.account.to_string(),
        client_id: release.client_id.to_owned(),
        client_name: release.client_name.to_owned(),
        attributes: release.attributes.to_vec(),
        purpose: release.purpose.to_owned(),
        declined: declined.to_vec(),
        page: Some(seen.page),
        session_level: WireLevel::from(seen.level).into(),
    };
    client(siblings).record_consent(request).await?;
    Ok(())
}

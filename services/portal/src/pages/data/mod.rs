//! A person's data: where it came from, who got it, and the documents kept here.

pub mod change;
pub mod document;
pub mod history;
pub mod offers;
pub mod receipt;
pub mod safe;
pub mod second;
pub mod shared;
pub mod staff;

use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use siegel_grpc::AuthChannel;
use siegel_oidc::catalogue::{self, Form};
use siegel_proto::account::v1::Attribute;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::identification_change_service_client::IdentificationChangeServiceClient;
use siegel_proto::account::v1::offer_service_client::OfferServiceClient;
use siegel_proto::account::v1::privacy_service_client::PrivacyServiceClient;
use siegel_web::{Locale, Texts};

use super::attachment::save_as;
use super::{Signed, words};

impl Signed {
    pub async fn changes(
        &self,
    ) -> Result<IdentificationChangeServiceClient<AuthChannel>, Response> {
        Ok(IdentificationChangeServiceClient::new(self.channel("account").await?))
    }

    pub async fn offers(&self) -> Result<OfferServiceClient<AuthChannel>, Response> {
        Ok(OfferServiceClient::new(self.channel("account").await?))
    }

    pub async fn privacy(&self) -> Result<PrivacyServiceClient<AuthChannel>, Response> {
        Ok(PrivacyServiceClient::new(self.channel("account").await?))
    }

    pub async fn safe(&self) -> Result<DocumentServiceClient<AuthChannel>, Response> {
        Ok(DocumentServiceClient::new(self.channel("account").await?))
    }
}

/// A value as people read it: codes and dates in words, and what does not apply said so.
pub fn value(t: &Texts, locale: Locale, attribute: &Attribute) -> String {
    if attribute.not_applicable {
        return t.get("attribute-not-applicable");
    }
    let value = attribute.value.as_str();
    match (catalogue::attribute(&attribute.name).map(|row| row.form), value) {
        (Some(Form::Date), date) => words::day(locale, date),
        (Some(Form::Salutation), "1") => t.get("salutation-1"),
        (Some(Form::Salutation), "2") => t.get("salutation-2"),
        (Some(Form::Salutation), _) => t.get("salutation-0"),
        _ => value.to_owned(),
    }
}

/// Source of a value, with which one of its kind, and whether it still holds.
pub fn origin(t: &Texts, attribute: &Attribute) -> String {
    let mut text = words::source(t, attribute.source());
    if !attribute.source_detail.is_empty() {
        text = format!("{text} ({})", attribute.source_detail);
    }
    if attribute.expired {
        text = format!("{text}, {}", t.get("attribute-expired"));
    }
    text
}

/// Headers of a file that is saved, never shown within the portal's origin.
pub fn file(kind: &str, name: &str) -> [(http::HeaderName, HeaderValue); 3] {
    let kind = HeaderValue::from_str(kind);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    [
        (CONTENT_TYPE, kind),
        (CONTENT_DISPOSITION, save_as(name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ]
}

//! What persons do with their accounts.

use siegel_proto::account::v1 as pb;
use siegel_walk::{Call, call, one};

use super::Names;

pub fn attributes() -> Vec<Call<Names>> {
    vec![
        call("AccountService/GetAccount", |_| one(&pb::GetAccountRequest {})),
        call("AccountService/ListAttributes", |_| one(&pb::ListAttributesRequest {})),
        call("AccountService/SetAttribute", |n: &Names| {
            one(&pb::SetAttributeRequest {
                request_id: n.request_id.clone(),
                name: "telephone".into(),
                value: "+49 385 1".into(),
                not_applicable: false,
            })
        }),
        call("AccountService/ListConsents", |_| one(&pb::ListConsentsRequest {})),
        call("AccountService/WithdrawConsent", |n: &Names| {
            let (request_id, consent_id) = (n.request_id.clone(), n.consent.clone());
            one(&pb::WithdrawConsentRequest { request_id, consent_id })
        }),
        call("AccountService/ListDisclosures", |_| one(&pb::ListDisclosuresRequest::default())),
        call("IdentificationChangeService/ListAttributeHistory", |_| {
            one(&pb::ListAttributeHistoryRequest::default())
        }),
        call("IdentificationChangeService/GetPendingChange", |_| {
            one(&pb::GetPendingChangeRequest {})
        }),
        call("IdentificationChangeService/DecideChange", |n: &Names| {
            one(&pb::DecideChangeRequest {
                request_id: n.request_id.clone(),
                change_id: n.change.clone(),
                decision: pb::ChangeDecision::Update.into(),
            })
        }),
        call("IdentificationChangeService/DecideChange", |n: &Names| {
            one(&pb::DecideChangeRequest {
                request_id: n.request_id.clone(),
                change_id: n.change.clone(),
                decision: pb::ChangeDecision::Keep.into(),
            })
        }),
    ]
}

pub fn privacy() -> Vec<Call<Names>> {
    vec![
        call("ExportService/ExportAccount", |_| one(&pb::ExportAccountRequest {})),
        call("PrivacyService/ListPastConsents", |_| one(&pb::ListPastConsentsRequest::default())),
        call("PrivacyService/GetConsentReceipt", |n: &Names| {
            one(&pb::GetConsentReceiptRequest { consent_id: n.consent.clone() })
        }),
        call("PrivacyService/ExportDisclosures", |_| one(&pb::ExportDisclosuresRequest {})),
        call("PrivacyService/ListStaffAccesses", |_| one(&pb::ListStaffAccessesRequest::default())),
    ]
}

pub fn offers() -> Vec<Call<Names>> {
    vec![
        call("OfferService/ListOffers", |_| one(&pb::ListOffersRequest {})),
        call("OfferService/AcceptOffer", |n: &Names| {
            one(&pb::AcceptOfferRequest {
                request_id: n.request_id.clone(),
                offer_id: n.offer.clone(),
                attributes: vec!["zip_code".into()],
            })
        }),
        call("OfferService/DeclineOffer", |n: &Names| {
            let (request_id, offer_id) = (n.request_id.clone(), n.offer.clone());
            one(&pb::DeclineOfferRequest { request_id, offer_id })
        }),
    ]
}

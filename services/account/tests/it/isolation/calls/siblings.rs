//! What identity does with accounts, and staff.

use siegel_proto::account::v1 as pb;
use siegel_walk::{Call, call, one, tells_of_nothing};

use super::Names;
use crate::office::from_card;

const CLIENT: &str = "bauamt";

fn attributes() -> Vec<String> {
    vec!["city".into()]
}

/// An account that nobody has yet: no thing of anybody is named.
fn opening(n: &Names) -> Vec<Vec<u8>> {
    let hash = siegel_crypto::sha256(n.request_id.as_bytes());
    let fresh = u128::from_be_bytes(hash[..16].try_into().unwrap());
    one(&pb::OpenAccountRequest {
        request_id: n.request_id.clone(),
        account_id: format!("acc_{fresh:032x}"),
        email: "neu@example.org".into(),
        locale: "de".into(),
    })
}

pub fn calls() -> Vec<Call<Names>> {
    let mut all = registry();
    all.extend(releases());
    all.extend(merges());
    all.push(call("SupportService/LookUpAccount", |n: &Names| {
        one(&pb::LookUpAccountRequest {
            request_id: n.request_id.clone(),
            account_id: n.account.clone(),
            reason: "Auskunft".into(),
            reference: String::new(),
        })
    }));
    all
}

fn registry() -> Vec<Call<Names>> {
    vec![
        call("AccountRegistryService/OpenAccount", opening),
        call("AccountRegistryService/RecordIdentification", |n: &Names| {
            one(&pb::RecordIdentificationRequest {
                request_id: n.request_id.clone(),
                account_id: n.account.clone(),
                attributes: vec![from_card("city", "Kiel")],
            })
        }),
        call("AccountRegistryService/ChangeEmail", |n: &Names| {
            one(&pb::ChangeEmailRequest {
                request_id: n.request_id.clone(),
                account_id: n.account.clone(),
                email: "neu@example.org".into(),
            })
        }),
    ]
}

fn releases() -> Vec<Call<Names>> {
    vec![
        call("AccountRegistryService/PreviewRelease", |n: &Names| {
            one(&pb::PreviewReleaseRequest {
                account_id: n.account.clone(),
                client_id: CLIENT.into(),
                attributes: attributes(),
                purpose: "Antrag".into(),
            })
        }),
        call("AccountRegistryService/RecordConsent", |n: &Names| {
            one(&pb::RecordConsentRequest {
                request_id: n.request_id.clone(),
                account_id: n.account.clone(),
                client_id: CLIENT.into(),
                client_name: "Bauamt".into(),
                attributes: attributes(),
                purpose: "Antrag".into(),
                ..Default::default()
            })
        }),
        call("AccountRegistryService/ReleaseAttributes", |n: &Names| {
            one(&pb::ReleaseAttributesRequest {
                request_id: n.request_id.clone(),
                account_id: n.account.clone(),
                client_id: CLIENT.into(),
                client_name: "Bauamt".into(),
                attributes: attributes(),
                purpose: "Antrag".into(),
                session_level: 4,
            })
        }),
    ]
}

fn merges() -> Vec<Call<Names>> {
    vec![
        tells_of_nothing(call("LevelService/CheckLevels", |n: &Names| {
            one(&pb::CheckLevelsRequest { account_ids: vec![n.account.clone()], level: 1 })
        })),
        call("AccountMergeService/CompareAccounts", |n: &Names| {
            one(&pb::CompareAccountsRequest {
                into_account_id: n.account.clone(),
                from_account_id: n.merged.clone(),
            })
        }),
        call("AccountMergeService/MergeAccounts", |n: &Names| {
            one(&pb::MergeAccountsRequest {
                request_id: n.request_id.clone(),
                into_account_id: n.account.clone(),
                from_account_id: n.merged.clone(),
            })
        }),
    ]
}

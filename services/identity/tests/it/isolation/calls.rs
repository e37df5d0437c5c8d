//! Every RPC and how it is called.

use siegel_kernel::Timestamp;
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_walk::{Call, call, one, refused, tells_of_nothing};

use super::names::Names;
use super::town::PASSWORD;

pub fn calls() -> Vec<Call<Names>> {
    [sessions(), consents(), credentials(), others(), siblings()].concat()
}

fn sessions() -> Vec<Call<Names>> {
    vec![
        call("SelfService/ListSessions", |_| one(&pb::ListSessionsRequest {})),
        call("SelfService/ListSignIns", |_| one(&pb::ListSignInsRequest {})),
        call("SelfService/EndSession", |n: &Names| {
            let (request_id, session_id) = (n.request_id.clone(), n.session.clone());
            one(&pb::EndSessionRequest { request_id, session_id })
        }),
        call("SelfService/EndAllSessions", |n: &Names| {
            one(&pb::EndAllSessionsRequest { request_id: n.request_id.clone() })
        }),
    ]
}

fn consents() -> Vec<Call<Names>> {
    vec![
        call("SelfService/ListClientConsents", |_| one(&pb::ListClientConsentsRequest {})),
        call("SelfService/WithdrawClientConsent", |n: &Names| {
            let (request_id, client_id) = (n.request_id.clone(), n.client.clone());
            one(&pb::WithdrawClientConsentRequest { request_id, client_id })
        }),
        call("SelfService/ListLinks", |_| one(&pb::ListLinksRequest {})),
        call("SelfService/ListClaimProviders", |_| one(&pb::ListClaimProvidersRequest {})),
        call("SelfService/Unlink", |n: &Names| {
            let (request_id, link_id) = (n.request_id.clone(), n.link.clone());
            one(&pb::UnlinkRequest { request_id, link_id })
        }),
    ]
}

fn credentials() -> Vec<Call<Names>> {
    vec![
        call("SelfService/ListCredentials", |_| one(&pb::ListCredentialsRequest {})),
        call("SelfService/RenameCredential", |n: &Names| {
            one(&pb::RenameCredentialRequest {
                request_id: n.request_id.clone(),
                credential_id: n.credential.clone(),
                label: "Neu".into(),
            })
        }),
        // What is not there has been removed already, as far as anybody knows.
        tells_of_nothing(call("SelfService/RemoveCredential", |n: &Names| {
            let (request_id, credential_id) = (n.request_id.clone(), n.credential.clone());
            one(&pb::RemoveCredentialRequest { request_id, credential_id })
        })),
        call("SelfService/BeginTotp", |n: &Names| {
            one(&pb::BeginTotpRequest { request_id: n.request_id.clone() })
        }),
        refused(
            "NOTHING_BEGUN",
            call("SelfService/FinishTotp", |n: &Names| {
                let (request_id, code) = (n.request_id.clone(), "123456".into());
                one(&pb::FinishTotpRequest { request_id, code, label: "App".into() })
            }),
        ),
        call("SelfService/CreateRecoveryCodes", |n: &Names| {
            one(&pb::CreateRecoveryCodesRequest { request_id: n.request_id.clone() })
        }),
        call("SelfService/ChangePassword", |n: &Names| {
            one(&pb::ChangePasswordRequest {
                request_id: n.request_id.clone(),
                old_password: PASSWORD.into(),
                new_password: "sieben kurze Esel schweigen".into(),
            })
        }),
    ]
}

/// For anybody, and for any service of the suite.
fn others() -> Vec<Call<Names>> {
    vec![
        call("KeyService/ListSigningKeys", |_| one(&pb::ListSigningKeysRequest {})),
        call("SiblingService/IssueServiceToken", |_| {
            one(&pb::IssueServiceTokenRequest { audience: "account".into() })
        }),
        call("SiblingService/WatchRevocations", |_| {
            one(&pb::WatchRevocationsRequest { after_position: 0 })
        }),
        call("DeletionService/WatchDeletions", |_| one(&pb::WatchDeletionsRequest::default())),
    ]
}

/// In time for every token of the walk.
fn long_ago() -> Timestamp {
    Timestamp::parse_rfc3339("2025-03-06T10:15:00Z").unwrap()
}

fn siblings() -> Vec<Call<Names>> {
    vec![
        call("SiblingService/ResolveGrant", |n: &Names| {
            one(&pb::ResolveGrantRequest { grant_id: n.grant.clone() })
        }),
        tells_of_nothing(call("SiblingService/CheckToken", |n: &Names| {
            one(&pb::CheckTokenRequest {
                grant_id: n.grant.clone(),
                session_id: n.session.clone(),
                client_id: n.client.clone(),
                subject: n.subject.clone(),
                issued_at: Some(convert::timestamp(long_ago())),
            })
        })),
        tells_of_nothing(call("DeletionService/AcknowledgeDeletion", |n: &Names| {
            let (account_id, waits_for) = (n.account.clone(), String::new());
            one(&pb::AcknowledgeDeletionRequest { account_id, waits_for })
        })),
        tells_of_nothing(call("ClientAccessService/EndClientAccess", |n: &Names| {
            one(&pb::EndClientAccessRequest {
                request_id: n.request_id.clone(),
                account_id: n.account.clone(),
                client_id: n.client.clone(),
            })
        })),
        tells_of_nothing(call("AddressService/CheckAddress", |n: &Names| {
            let (account_id, email) = (n.account.clone(), n.email.clone());
            one(&pb::CheckAddressRequest { account_id, email })
        })),
    ]
}

//! Consent: what leaves the house, to whom, for what. Attributes are remembered by the account
//! service, scopes here.

use siegel_crypto::{b64, sha256_fields};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::ConsentPage;

use super::failure::Failure;
use super::guests;
use super::upstream::mailbox;
use crate::domain::decide::ConsentState;
use crate::domain::interaction::{AuthRequest, Interaction, LOCALE, RequestedClaim, SessionView};
use crate::domain::scopes::{Opens, known};
use crate::ports::accounts::{self, Preview, Release, Seen};
use crate::state::Identity;
use crate::store::claim_choices::{self, Choice};
use crate::store::scope_consents;

/// What there is to consent to, and how far it is.
pub struct Asked {
    pub state: ConsentState,
    /// The attributes with the values that would be released.
    pub preview: Preview,
    /// Scopes that let the client act or learn something besides attributes.
    pub scopes: Vec<String>,
    /// The attributes that may be released when the consent stands.
    pub(super) allowed: Vec<String>,
}

impl Asked {
    /// Cuts a request down to what was allowed.
    pub fn cut(&self, request: &mut AuthRequest) {
        request.claims.retain(|c| self.allowed.contains(&c.name));
    }
}

/// Scopes a person is asked about; the others only name attributes, which are shown one by one.
pub fn scopes_to_ask(request: &AuthRequest) -> Vec<String> {
    let asks = |scope: &&String| {
        matches!(known(scope), Some(Opens::Handle | Opens::Offline | Opens::Api(_)))
    };
    let mut all: Vec<String> = request.scopes.iter().filter(asks).cloned().collect();
    all.extend(request.outputs.iter().find(|o| o.name == LOCALE).map(|o| o.name.clone()));
    all
}

/// Takes the handle out of a request of somebody whose letters go elsewhere: it would open a
/// mailbox here. The token answer says which scopes are left (RFC 6749 §3.3).
pub async fn without_mailbox(
    tx: &mut Tx,
    request: &mut AuthRequest,
    account: AccountId,
) -> Result<(), StoreError> {
    if asks_for_handle(request) && mailbox::is_elsewhere(tx, account).await? {
        request.scopes.retain(|scope| !opens_mailbox(scope));
    }
    Ok(())
}

fn opens_mailbox(scope: &str) -> bool {
    matches!(known(scope), Some(Opens::Handle))
}

fn asks_for_handle(request: &AuthRequest) -> bool {
    request.scopes.iter().any(|scope| opens_mailbox(scope))
}

/// As [`without_mailbox`], outside of a transaction.
async fn for_person(
    state: &Identity,
    request: &AuthRequest,
    account: AccountId,
) -> Result<AuthRequest, StoreError> {
    let mut request = request.clone();
    if !asks_for_handle(&request) {
        return Ok(request);
    }
    let mut tx = state.outside.db.read().await?;
    without_mailbox(&mut tx, &mut request, account).await?;
    Ok(request)
}

/// Looks up what is consented to. Asks the account service only when attributes are asked for.
pub async fn asked(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
) -> Result<Asked, Failure> {
    if session.guest {
        return guests::asked(state, request, session).await;
    }
    let account = session.account;
    let request = &for_person(state, request, account).await?;
    let scopes = scopes_to_ask(request);
    let names = request.claim_names();
    if request.first_party || (scopes.is_empty() && names.is_empty()) {
        let (state, preview) = (ConsentState::NotNeeded, Preview::default());
        return Ok(Asked { state, preview, scopes: Vec::new(), allowed: names });
    }
    let mut tx = state.outside.db.read().await?;
    let given = scope_consents::given(&mut tx, account, &request.client_id).await?;
    let chosen = claim_choices::of_client(&mut tx, account, &request.client_id).await?;
    drop(tx);
    let preview = preview(state, request, account, &names).await?;
    let (consented, allowed) = match remembered(request, &chosen) {
        // What was declined stays declined; what was allowed may have been withdrawn since.
        Remembered::All(allowed) if allowed.len() < names.len() => {
            (self::preview(state, request, account, &allowed).await?.consented, allowed)
        }
        Remembered::All(allowed) => (preview.consented, allowed),
        // Given before choices were remembered one by one.
        Remembered::Nothing => (preview.consented, names),
        Remembered::Less => (false, names),
    };
    let all = consented && scopes.iter().all(|s| given.contains(s));
    let state = if all { ConsentState::Standing } else { ConsentState::Open };
    Ok(Asked { state, preview, scopes, allowed })
}

async fn preview(
    state: &Identity,
    request: &AuthRequest,
    account: AccountId,
    names: &[String],
) -> Result<Preview, Failure> {
    if names.is_empty() {
        return Ok(Preview { attributes: Vec::new(), consented: true });
    }
    let release = release(request, account, names);
    let answer = accounts::preview(&state.outside.siblings, release).await;
    answer.map_err(|status| Failure::Sibling("account", status))
}

/// What is known of earlier decisions about the attributes of a request.
enum Remembered {
    /// Each was decided on, for the same purpose; these were allowed.
    All(Vec<String>),
    /// None of them ever was.
    Nothing,
    /// Some are new, or wanted for something else, or needed now and declined before.
    Less,
}

fn remembered(request: &AuthRequest, chosen: &[Choice]) -> Remembered {
    let of = |claim: &RequestedClaim| chosen.iter().find(|c| c.claim == claim.name);
    if request.claims.iter().all(|claim| of(claim).is_none()) {
        return Remembered::Nothing;
    }
    let mut allowed = Vec::new();
    for claim in &request.claims {
        match of(claim) {
            Some(choice) if choice.purpose != purpose_hash(request, claim) => {
                return Remembered::Less;
            }
            Some(choice) if choice.allowed => allowed.push(claim.name.clone()),
            Some(_) if !claim.essential => {}
            _ => return Remembered::Less,
        }
    }
    Remembered::All(allowed)
}

/// What the client wants an attribute for, in all the words the person read.
fn purpose_hash(request: &AuthRequest, claim: &RequestedClaim) -> [u8; 32] {
    sha256_fields(&[request.purpose.as_bytes(), claim.purpose.as_bytes()])
}

/// How far consent is, for a request that must not show a page, and the request cut down to it.
pub async fn settled(
    state: &Identity,
    request: &AuthRequest,
    session: Option<&SessionView>,
) -> Result<(ConsentState, AuthRequest), Failure> {
    let mut request = request.clone();
    let Some(session) = session else { return Ok((ConsentState::Open, request)) };
    let asked = asked(state, &request, session).await?;
    asked.cut(&mut request);
    Ok((asked.state, request))
}

/// Stores what the person allowed and cuts the request down to it: required attributes and those
/// of the optional ones that were ticked.
pub async fn give(
    state: &Identity,
    interaction: &mut Interaction,
    session: &SessionView,
    ticked: &[String],
    page: ConsentPage,
) -> Result<(), Failure> {
    let now = state.now();
    let id = interaction.id.to_string();
    let request = &mut interaction.request;
    let choices: Vec<Choice> = request
        .claims
        .iter()
        .map(|claim| Choice {
            claim: claim.name.clone(),
            purpose: purpose_hash(request, claim),
            allowed: claim.essential || ticked.contains(&claim.name),
        })
        .collect();
    let (allowed, declined): (Vec<_>, Vec<_>) = std::mem::take(&mut request.claims)
        .into_iter()
        .partition(|c| c.essential || ticked.contains(&c.name));
    request.claims = allowed;
    let declined: Vec<String> = declined.into_iter().map(|c| c.name).collect();
    let attributes = request.claim_names();
    if session.guest {
        request.cut_for_guest();
    } else if !(attributes.is_empty() && declined.is_empty()) {
        // Another choice on the same page is another request.
        let names = attributes.join(" ");
        let parts = [id.as_bytes(), names.as_bytes(), page.locale.as_bytes()];
        let choice = b64::encode(sha256_fields(&parts));
        let request_id = format!("consent-{choice}");
        let release = release(request, session.account, &attributes);
        let seen = Seen { page, level: session.level };
        accounts::record_consent(&state.outside.siblings, &request_id, release, &declined, seen)
            .await
            .map_err(|status| Failure::Sibling("account", status))?;
    }
    let mut tx = state.outside.db.begin().await?;
    without_mailbox(&mut tx, request, session.account).await?;
    let scopes = scopes_to_ask(request);
    let name = audit_name(session.account);
    let (account, client) = (session.account, request.client_id.as_str());
    if !session.guest {
        scope_consents::give(&mut tx, account, client, &scopes, now).await?;
        claim_choices::choose(&mut tx, account, client, &choices, now).await?;
    }
    audit::record(
        &mut tx,
        &audit::Entry {
            kind: "identity.consent.given",
            actor: &session.actor(&name),
            subject: &name,
            level: Some(session.level),
            outcome: "done",
            request_id: &id,
            detail: &format!("{} {} {}", request.client_id, attributes.join(","), scopes.join(",")),
            at: now,
        },
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

fn release<'a>(
    request: &'a AuthRequest,
    account: AccountId,
    attributes: &'a [String],
) -> Release<'a> {
    Release {
        account,
        client_id: &request.client_id,
        client_name: &request.client_name,
        attributes,
        purpose: &request.purpose,
    }
}

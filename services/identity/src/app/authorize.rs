//! The authorization endpoint: from a request to the pages, and from the pages to the answer.

use std::time::Duration;

use http::HeaderMap;
use siegel_crypto::{JwsError, random_token, sha256};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{EntropyUnavailable, GrantId, Timestamp};

use super::acting::settle::{Settled, settle};
use super::client_auth::UNAPPROVED;
use super::failure::Failure;
use super::par::HANDLE_PREFIX;
use super::read_request::{self, ReadError};
use super::{consent, refusal, request_object, sessions};
use crate::domain::answer::RedirectTarget;
use crate::domain::client::Client;
use crate::domain::decide::{LogIn, Question, Step, decide};
use crate::domain::grant::Granted;
use crate::domain::interaction::{
    AuthRequest, ClientFace, INTERACTION_LIFETIME, Interaction, InteractionId, SessionView,
};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::params::Params;
use crate::domain::request::{self, ReplyTo};
use crate::state::Identity;
use crate::store::accounts::{self, AccountState};
use crate::store::{clients, codes, guests, interactions, par};

/// How long a code may be redeemed (FAPI 2.0 §5.3.2.1: at most 60 s).
pub const CODE_LIFETIME: Duration = Duration::from_mins(1);

/// What happens to an authorization request.
#[derive(Debug)]
pub enum Received {
    /// The person goes to the pages.
    Pages(InteractionId),
    /// The client is answered at once.
    Answer(RedirectTarget),
}

/// Why nothing can be sent to any client.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// Shown to the person: it is not certain who asks (RFC 6749 §4.1.2.1).
    #[error("the authorization request is not acceptable")]
    Unacceptable(#[source] Refused),
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Takes an authorization request.
#[tracing::instrument(name = "identity.authorize", skip_all)]
pub async fn receive(
    state: &Identity,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Received, AuthorizeError> {
    let received = take(state, params, headers).await;
    if let Err(AuthorizeError::Unacceptable(refused)) = &received {
        refusal::record(state, "identity.authorization.refused", *refused).await;
    }
    received
}

async fn take(
    state: &Identity,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Received, AuthorizeError> {
    let bad = AuthorizeError::Unacceptable;
    let now = state.now();
    let unknown = Refused::new(OAuthError::UnauthorizedClient, "the client is not registered");
    if params.repeated() == Some("client_id") {
        return Err(bad(Refused::invalid_request("client_id is sent twice")));
    }
    let client_id = params.get("client_id").ok_or_else(|| bad(unknown))?;
    let mut tx = state.outside.db.read().await?;
    let client = clients::find(&mut tx, client_id).await?.ok_or_else(|| bad(unknown))?;
    if !client.approved {
        return Err(bad(Refused::new(OAuthError::UnauthorizedClient, UNAPPROVED)));
    }
    let handle = params.get("request_uri").filter(|uri| uri.starts_with(HANDLE_PREFIX));
    let pushed = match handle {
        // Nothing beside the handle counts (RFC 9126 §4).
        Some(handle) => {
            let found = par::find(&mut tx, handle, client_id, now).await?;
            let text = "the pushed request is unknown, used or expired";
            Some(found.ok_or_else(|| bad(Refused::new(OAuthError::InvalidRequestUri, text)))?)
        }
        None => None,
    };
    drop(tx);
    let opened = match &pushed {
        // Signed or not, it was checked when it was pushed.
        Some(_) if params.get("request").is_some() => {
            return Err(bad(Refused::invalid_request("request and request_uri are sent together")));
        }
        Some(_) => Ok(None),
        None => request_object::opened(state, &client, params, now).await,
    };
    let signed = match opened {
        Ok(signed) => signed,
        Err(refused) => {
            // Nothing in the object can be believed: only an address beside it can be answered.
            let reply = request::reply_to(&client, params).map_err(|_| bad(refused))?;
            refusal::record(state, "identity.authorization.refused", refused).await;
            return Ok(Received::Answer(reply.refusal(state.issuer(), refused)));
        }
    };
    let asked = pushed.as_ref().or(signed.as_ref()).unwrap_or(params);
    let reply = request::reply_to(&client, asked).map_err(bad)?;
    let refuse = |refused| Ok(Received::Answer(reply.refusal(state.issuer(), refused)));
    if pushed.is_none() && (state.config.require_pushed || client.must_push()) {
        return refuse(Refused::invalid_request("this client must push its requests"));
    }
    let mut request = match read_request::read(state, &client, asked, reply.clone(), None).await {
        Ok(request) => request,
        Err(ReadError::Refused(refused)) => {
            refusal::record(state, "identity.authorization.refused", refused).await;
            return refuse(refused);
        }
        Err(ReadError::Store(error)) => return Err(error.into()),
    };
    request.pushed = handle.map(str::to_owned);
    if request.has_prompt("none") {
        return match silently(state, &request, headers, now).await? {
            Ok(target) => Ok(Received::Answer(target)),
            Err(refused) => refuse(refused),
        };
    }
    let id = InteractionId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let interaction = Interaction {
        id,
        request,
        session: None,
        eid_session: None,
        created_at: now,
        expires_at: now.plus(Duration::from_secs(INTERACTION_LIFETIME)),
        browser: None,
    };
    let mut tx = state.outside.db.begin().await?;
    interactions::insert(&mut tx, &interaction).await?;
    tx.commit().await?;
    Ok(Received::Pages(id))
}

/// `prompt=none`: no page is ever shown (OpenID Connect Core §3.1.2.6).
async fn silently(
    state: &Identity,
    request: &AuthRequest,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Result<RedirectTarget, Refused>, AuthorizeError> {
    let no = |error, text| Ok(Err(Refused::new(error, text)));
    let session = sessions::from_cookie(state, headers, request).await?;
    if let Some(session) = &session {
        let mut tx = state.outside.db.read().await?;
        if accounts::state(&mut tx, session.account).await? != Some(AccountState::Open) {
            return no(OAuthError::InteractionRequired, "the account is being set up");
        }
    }
    let somebody_else = session.as_ref().is_some_and(|s| is_somebody_else(state, request, s));
    let Ok((consent, request)) = consent::settled(state, request, session.as_ref()).await else {
        return no(OAuthError::TemporarilyUnavailable, "a part of the service is out of reach");
    };
    let Ok(request) = settle_acting(state, request, session.as_ref()).await else {
        return no(OAuthError::TemporarilyUnavailable, "a part of the service is out of reach");
    };
    let request = &request;
    let step = decide(&Question {
        request,
        session: session.as_ref(),
        consent,
        somebody_else,
        asked_at: now,
        settled: true,
        now,
    });
    let session = match (step, session) {
        (Step::Finish, Some(session)) => session,
        (Step::StepUp { .. }, _) if request.acr_essential => {
            return no(
                OAuthError::UnmetAuthenticationRequirements,
                "the session does not have the level",
            );
        }
        (Step::StepUp { .. }, _) => {
            return no(OAuthError::InteractionRequired, "the session does not have the level");
        }
        (Step::LogIn(LogIn::SomebodyElse), _) => {
            return no(OAuthError::LoginRequired, "somebody else is logged in");
        }
        (Step::ActFor, _) => {
            return no(OAuthError::InteractionRequired, "for whom the person acts is to be chosen");
        }
        (Step::Consent, _) => return no(OAuthError::ConsentRequired, "consent is missing"),
        _ => return no(OAuthError::LoginRequired, "nobody is logged in"),
    };
    let mut tx = state.outside.db.begin().await?;
    match grant_code(state, &mut tx, request, &session, now).await {
        Ok(target) => {
            tx.commit().await?;
            Ok(Ok(target))
        }
        Err(CompleteError::Store(e)) => Err(e.into()),
        Err(CompleteError::Entropy(e)) => Err(e.into()),
        Err(CompleteError::AlreadyAnswered | CompleteError::NotEnough) => {
            no(OAuthError::InvalidRequestUri, "the pushed request was answered already")
        }
    }
}

/// The request with the choice for whom the person acts, where that needs no question.
async fn settle_acting(
    state: &Identity,
    request: AuthRequest,
    session: Option<&SessionView>,
) -> Result<AuthRequest, Failure> {
    let mut request = request;
    let open = session.filter(|session| request.acting_is_open(session));
    if let Some(session) = open
        && let Settled::Choice(choice) = settle(state, &request, session).await?
    {
        request.acting.choice = Some(choice);
    }
    Ok(request)
}

/// Whether a session is of nobody the client asked for.
pub fn is_somebody_else(state: &Identity, request: &AuthRequest, session: &SessionView) -> bool {
    !request.is_for(&state.subject(&request.sector, session.account))
}

/// The subject of an ID token that we issued to this client; it may have expired.
pub fn hinted_subject(state: &Identity, client: &Client, hint: &str) -> Result<String, JwsError> {
    #[derive(serde::Deserialize)]
    struct Hint {
        iss: String,
        aud: String,
        sub: String,
    }
    let hint: Hint = state.keys.published().verify(hint, super::id_token::TYP)?;
    if hint.iss != state.issuer() || hint.aud != client.client_id {
        return Err(JwsError::WrongKind);
    }
    Ok(hint.sub)
}

/// Why the pages' result cannot become a code.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// In another window, or by going back: the request had its answer.
    #[error("the authorization request was answered already")]
    AlreadyAnswered,
    /// The session is below what was decided; the pages must decide again.
    #[error("the session is not enough for the request")]
    NotEnough,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Ends an interaction with a code for the client.
#[tracing::instrument(name = "identity.authorize.complete", skip_all)]
pub async fn complete(
    state: &Identity,
    interaction: &Interaction,
    session: &SessionView,
) -> Result<RedirectTarget, CompleteError> {
    let now = state.now();
    let request = &interaction.request;
    let open = request.acting_is_open(session);
    if session.level < request.floor || open || is_somebody_else(state, request, session) {
        return Err(CompleteError::NotEnough);
    }
    let mut tx = state.outside.db.begin().await?;
    if !interactions::remove(&mut tx, interaction.id).await? {
        return Err(CompleteError::AlreadyAnswered);
    }
    if let Some(path) = request.own_page() {
        tx.commit().await?;
        return Ok(RedirectTarget::Redirect(path.to_owned()));
    }
    let target = grant_code(state, &mut tx, request, session, now).await?;
    tx.commit().await?;
    Ok(target)
}

/// Ends an interaction with an error for the client.
pub async fn refuse(
    state: &Identity,
    interaction: &Interaction,
    error: OAuthError,
    description: &'static str,
) -> Result<RedirectTarget, StoreError> {
    let mut tx = state.outside.db.begin().await?;
    interactions::remove(&mut tx, interaction.id).await?;
    guests::forget_kept(&mut tx, interaction.id).await?;
    if interaction.request.own_page().is_some() {
        tx.commit().await?;
        return Ok(RedirectTarget::Redirect("/".to_owned()));
    }
    let entry = audit::Entry {
        kind: "identity.authorization.refused",
        actor: &format!("client:{}", interaction.request.client_id),
        subject: "",
        level: None,
        outcome: error.as_str(),
        request_id: &interaction.id.to_string(),
        detail: "",
        at: state.now(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    let reply = ReplyTo::of(&interaction.request);
    Ok(reply.refusal(state.issuer(), Refused::new(error, description)))
}

/// Makes the single-use code, and uses up the pushed request it answers (RFC 9126 §7.3).
async fn grant_code(
    state: &Identity,
    tx: &mut Tx,
    request: &AuthRequest,
    session: &SessionView,
    now: Timestamp,
) -> Result<RedirectTarget, CompleteError> {
    if let Some(handle) = &request.pushed
        && !par::consume(tx, handle, now).await?
    {
        return Err(CompleteError::AlreadyAnswered);
    }
    let code = random_token(&*state.outside.entropy)?;
    let grant = GrantId::new(&*state.outside.clock, &*state.outside.entropy)?;
    // What only the answer needed is not kept.
    let mut kept = AuthRequest {
        state: None,
        login_hint: None,
        pushed: None,
        face: ClientFace::default(),
        subjects: Vec::new(),
        ..request.clone()
    };
    if session.guest {
        kept.cut_for_guest();
    }
    consent::without_mailbox(tx, &mut kept, session.account).await?;
    let stored = codes::Code {
        hash: sha256(code.as_bytes()),
        grant,
        client_id: request.client_id.clone(),
        granted: Granted {
            request: kept,
            session: session.clone(),
            refresh_jkt: None,
            refresh_x5t: None,
        },
        issued_at: now,
        expires_at: now.plus(CODE_LIFETIME),
        redeemed_at: None,
    };
    codes::insert(tx, &stored).await?;
    let name = audit_name(session.account);
    let entry = audit::Entry {
        kind: "identity.code.issued",
        actor: &session.actor(&name),
        subject: &name,
        level: Some(session.level),
        outcome: "done",
        request_id: &grant.to_string(),
        detail: &request.client_id,
        at: now,
    };
    audit::record(tx, &entry).await?;
    Ok(ReplyTo::of(request).code(state.issuer(), &code))
}

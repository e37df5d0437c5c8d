//! Redeeming an authorization code (RFC 6749 §4.1.3).

use std::time::Duration;

use siegel_crypto::{random_token, sha256};
use siegel_db::{StoreError, Tx};
use siegel_grpc::audit_name;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::{TokenKind, pkce};

use super::{Asked, LIFETIME, TokenAnswer};
use crate::app::access_token::{self, NewToken};
use crate::app::acting::tokens;
use crate::app::check::{self, Facts};
use crate::app::claims::{self, Place};
use crate::app::endpoint::EndpointError;
use crate::app::id_token::{self, NewIdToken};
use crate::app::{revoke, sessions};
use crate::domain::client::GrantType;
use crate::domain::grant::{Grant, Granted, Holder};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::{guest, request};
use crate::state::Identity;
use crate::store::codes::{self, Code};
use crate::store::refresh::{self, RefreshToken};
use crate::store::{accounts, disabled, grants};

/// A grant lives as long as its session can.
const WITH_SESSION: Duration = Duration::from_hours(12);
/// A grant with `offline_access`.
const OFFLINE: Duration = Duration::from_hours(30 * 24);

pub(super) async fn redeem(
    state: &Identity,
    asked: &Asked<'_>,
) -> Result<TokenAnswer, EndpointError> {
    let wrong = Refused::invalid_grant("the code is unknown, used, expired or of another client");
    let code = asked.params.get("code").ok_or(Refused::invalid_request("code is missing"))?;
    let hash = sha256(code.as_bytes());
    let mut tx = state.outside.db.read().await?;
    let found = codes::find(&mut tx, &hash, &asked.client.client_id).await?.ok_or(wrong)?;
    let (id, request) = (found.granted.session.id, &found.granted.request);
    let session = sessions::view_in(&mut tx, id, request, asked.now).await?;
    let account = found.granted.session.account;
    let subject = state.subject(&found.granted.request.sector, account);
    let facts = Facts {
        grant: Some(found.grant),
        client_id: &found.client_id,
        subject: &subject,
        issued_at: found.issued_at,
    };
    let stop = check::stop_before(&mut tx, &facts).await?;
    drop(tx);
    if found.redeemed_at.is_some() {
        used_twice(state, asked, &found).await?;
        return Err(wrong.into());
    }
    let Ok(stop) = stop else { return Err(wrong.into()) };
    if found.expires_at <= asked.now {
        return Err(wrong.into());
    }
    if let Err(refused) = prove(asked, &found.granted) {
        tried_wrongly(state, asked, &found, refused).await?;
        return Err(refused.into());
    }
    let session = session.ok_or(Refused::invalid_grant("the session has ended"))?;
    let resources = request::resources(&asked.client, asked.params)?;
    let start = &found.granted.request.resources;
    let audience = access_token::choose_audience(&resources, &found.granted.audiences(), start)?;
    access_token::check_binding(&asked.client, &audience, asked.jkt())?;
    access_token::check_level(state, &audience, session.level)?;

    // Before the code is used up: should a sibling be down, the client can try again.
    let mut granted = tokens::still(state, &found.granted, account, session.level, true).await?;
    let about = if granted.request.has_scope("openid") {
        let grant = found.grant;
        let mut about = claims::released(state, grant, account, &granted, Place::IdToken).await?;
        let acting_for = tokens::told(state, &granted.request, account).await?;
        about.extend(acting_for.map(|told| ("acting_for".to_owned(), told)));
        Some(about)
    } else {
        None
    };
    if asked.client.is_public() {
        granted.refresh_jkt = asked.jkt().map(str::to_owned);
        granted.refresh_x5t = asked.confirmation().and_then(|bound| bound.x5t_s256);
    }
    let access_token = access_token::sign(
        state,
        &NewToken {
            subject: &subject,
            audience: &audience,
            client_id: &asked.client.client_id,
            tenant: Some(&asked.client.tenant),
            scopes: &granted.request.scopes,
            kind: TokenKind::Person,
            grant: found.grant,
            session: Some((&granted, &session)),
            acting_for: None,
            confirmation: asked.confirmation(),
            now: access_token::issued_after(stop, asked.now),
        },
    )?;
    let id_token = about
        .map(|about| {
            let nonce = granted.request.nonce.as_deref();
            let (alg, now) = (asked.client.id_token_alg, asked.now);
            let access_token = &access_token;
            let new = NewIdToken { granted: &granted, access_token, nonce, alg, now };
            id_token::sign(state, &new, about)
        })
        .transpose()?;

    let mut tx = state.outside.db.begin().await?;
    if !still_stands(&mut tx, &found, &facts, stop, asked.now).await? {
        return Err(wrong.into());
    }
    asked.use_proof(&mut tx).await?;
    if !codes::redeem(&mut tx, &hash, asked.now).await? {
        drop(tx);
        used_twice(state, asked, &found).await?;
        return Err(wrong.into());
    }
    let refresh_token = keep(state, asked, &mut tx, &found, &granted, &subject).await?;
    let (name, level) = (audit_name(account), session.level);
    asked.record(&mut tx, found.grant, &name, Some(level), "done").await?;
    tx.commit().await?;
    still_acts(state, &found, &granted, level).await?;
    Ok(TokenAnswer {
        access_token,
        token_type: asked.token_type(),
        expires_in: LIFETIME,
        scope: granted.request.scopes.join(" "),
        refresh_token,
        id_token,
        issued_token_type: None,
    })
}

/// Asks once more for whom somebody acts, now that the grant can be found: a right that ended
/// meanwhile told nobody of it.
async fn still_acts(
    state: &Identity,
    code: &Code,
    granted: &Granted,
    level: TrustLevel,
) -> Result<(), EndpointError> {
    let account = code.granted.session.account;
    if granted.request.acts_for(account).is_some() {
        tokens::still_or_end(state, code.grant, granted, account, level).await?;
    }
    Ok(())
}

/// Whether nothing ended since the code was looked at. "Log out everywhere" takes the same lock: it
/// finds the grant that comes next, or is found here.
async fn still_stands(
    tx: &mut Tx,
    code: &Code,
    facts: &Facts<'_>,
    stop: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let session = &code.granted.session;
    accounts::lock(tx, session.account).await?;
    let stands = sessions::view_in(tx, session.id, &code.granted.request, now).await?.is_some();
    let closed = disabled::holds(tx, session.account).await?;
    Ok(stands && !closed && check::stop_before(tx, facts).await? == Ok(stop))
}

/// Redirect URI, PKCE and DPoP key of the authorization request.
fn prove(asked: &Asked<'_>, granted: &Granted) -> Result<(), Refused> {
    let request = &granted.request;
    if asked.params.get("redirect_uri") != Some(request.redirect_uri.as_str()) {
        return Err(Refused::invalid_grant(
            "redirect_uri is not that of the authorization request",
        ));
    }
    match (asked.params.get("code_verifier"), &request.code_challenge) {
        (Some(verifier), Some(challenge)) if pkce::verify(verifier, challenge) => {}
        (None, None) => {}
        _ => return Err(Refused::invalid_grant("code_verifier does not fit the challenge")),
    }
    match (&request.dpop_jkt, asked.jkt()) {
        (Some(bound), Some(jkt)) if bound == jkt => Ok(()),
        (None, _) => Ok(()),
        _ => {
            let text = "the code is bound to another DPoP key";
            Err(Refused::new(OAuthError::InvalidDpopProof, text))
        }
    }
}

/// Whoever tried it wrongly is not the one it was made for: it is worth nothing any more.
async fn tried_wrongly(
    state: &Identity,
    asked: &Asked<'_>,
    code: &Code,
    refused: Refused,
) -> Result<(), EndpointError> {
    let mut tx = state.outside.db.begin().await?;
    codes::redeem(&mut tx, &code.hash, asked.now).await?;
    let name = audit_name(code.granted.session.account);
    asked.record(&mut tx, code.grant, &name, None, refused.error.as_str()).await?;
    tx.commit().await?;
    Ok(())
}

/// Stores the grant and, for clients that refresh, a first refresh token.
async fn keep(
    state: &Identity,
    asked: &Asked<'_>,
    tx: &mut Tx,
    code: &Code,
    granted: &Granted,
    subject: &str,
) -> Result<Option<String>, EndpointError> {
    let offline = granted.is_offline();
    let expires_at = match offline {
        _ if granted.session.guest => granted.session.started_at.plus(guest::longest()),
        true => asked.now.plus(OFFLINE),
        false => asked.now.plus(WITH_SESSION),
    };
    let holder = Holder::Person {
        account: granted.session.account,
        // The end of the session revokes what is found by it.
        session: (!offline).then_some(granted.session.id),
        granted: Box::new(granted.clone()),
    };
    let grant = Grant {
        id: code.grant,
        client_id: code.client_id.clone(),
        subject: subject.to_owned(),
        holder,
        created_at: asked.now,
        revoked_at: None,
        expires_at,
    };
    grants::insert(tx, &grant).await?;
    if !asked.client.may(GrantType::RefreshToken) {
        return Ok(None);
    }
    let token = random_token(&*state.outside.entropy)?;
    let stored =
        RefreshToken { grant_id: code.grant, issued_at: asked.now, expires_at, spent_at: None };
    refresh::insert(tx, &sha256(token.as_bytes()), &stored).await?;
    Ok(Some(token))
}

/// Somebody holds a code that was not theirs: what the first use issued is revoked as well
/// (RFC 6749 §10.5).
async fn used_twice(state: &Identity, asked: &Asked<'_>, code: &Code) -> Result<(), EndpointError> {
    let mut tx = state.outside.db.begin().await?;
    revoke::grant(&mut tx, code.grant, asked.now).await?;
    let name = audit_name(code.granted.session.account);
    asked.record(&mut tx, code.grant, &name, None, "CODE_USED_TWICE").await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

//! What the log-in page and the step-up page offer besides password and card.

use askama::Template as _;
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Link};
use siegel_web::{CsrfField, Texts};

use super::certificate;
use crate::app::failure::Failure;
use crate::domain::factors::{self, Kind};
use crate::domain::interaction::SessionView;
use crate::http::pages::visit::Visit;
use crate::store::credentials;

#[derive(askama::Template)]
#[template(path = "credentials/options.html")]
struct Options {
    t: Texts,
    title: String,
    csrf: CsrfField,
    totp: Option<Link>,
    passkey: Option<Button>,
    passkey_action: String,
    /// Where the way to the listener for certificates begins.
    certificate: Option<String>,
    links: Vec<Link>,
}

impl Options {
    fn none(visit: &Visit) -> Self {
        Self {
            t: visit.t,
            title: String::new(),
            csrf: visit.view.csrf_field(),
            totp: None,
            passkey: None,
            passkey_action: visit.path("passkey/start"),
            certificate: None,
            links: Vec::new(),
        }
    }

    fn html(&self) -> String {
        self.render().unwrap_or_else(|error| {
            tracing::error!(%error, "the other ways to log in cannot be shown");
            String::new()
        })
    }
}

/// HTML for the log-in page: a passkey (with the page's script [`super::SCRIPT`]), a new password,
/// a recovery code.
pub fn log_in(visit: &Visit) -> String {
    let t = visit.t;
    let passkeys = visit.state.people.passkeys.is_some();
    let button = || Button::secondary(t.get("option-passkey")).block();
    let own = Options {
        passkey: passkeys.then(button),
        certificate: certificate::offered(visit).then(|| visit.path("certificate")),
        links: vec![
            Link::text(visit.path("reset"), t.get("option-reset")),
            Link::text(visit.path("recovery"), t.get("option-recovery")),
        ],
        ..Options::none(visit)
    };
    own.html()
}

/// HTML for the step-up page: those of the account's credentials that raise this session to
/// `needed`, besides the card; empty when there are none.
pub async fn step_up(
    visit: &Visit,
    session: &SessionView,
    needed: TrustLevel,
) -> Result<String, Failure> {
    let t = visit.t;
    let mut tx = visit.state.outside.db.read().await?;
    let held = credentials::held(&mut tx, session.account).await?;
    drop(tx);
    let offered = factors::options_for(needed, &held, &session.amr);
    let has = |kind: Kind| offered.contains(&kind);
    let (totp, passkey) =
        (has(Kind::Totp), has(Kind::Passkey) && visit.state.people.passkeys.is_some());
    let certificate = has(Kind::X509) && certificate::offered(visit);
    if !totp && !passkey && !certificate {
        return Ok(String::new());
    }
    let own = Options {
        totp: totp.then(|| Link::secondary(visit.path("totp"), t.get("option-totp"))),
        passkey: passkey.then(|| Button::secondary(t.get("option-passkey"))),
        certificate: certificate.then(|| visit.path("certificate")),
        title: t.get("option-title"),
        ..Options::none(visit)
    };
    Ok(own.html())
}

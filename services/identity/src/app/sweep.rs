//! Removes what has no meaning any more, every five minutes.

use std::time::Duration;

use siegel_db::{Lease, StoreError, take_lease};
use siegel_kernel::Timestamp;

use super::refusal;
use crate::app::credentials::totp::ENROLMENT;
use crate::app::devices::KNOWN_FOR;
use crate::state::Identity;
use crate::store::{
    ceremonies, certificates, codes, devices, email_changes, grants, guests, initial_tokens,
    interactions, mail_codes, merges, par, refresh, replay, resets, session_clients, sessions,
    sign_ins, throttle, totp, upstream_logins,
};

const PAUSE: Duration = Duration::from_mins(5);
/// Used codes, spent refresh tokens and ended grants are remembered this long: a second use is
/// then recognised as such.
const REMEMBERED: Duration = Duration::from_hours(24);
/// How long people can look their log-ins up.
const HISTORY: Duration = Duration::from_hours(90 * 24);
/// Pushed requests may still be answered while their person is on the pages.
const ON_THE_PAGES: Duration = Duration::from_hours(1);

/// Sweeps until the task is dropped; one replica at a time.
pub async fn run(state: Identity) {
    let holder = siegel_crypto::random_token(&*state.outside.entropy).unwrap_or_default();
    let lease = Lease { name: "sweep-protocol", holder: &holder, span: 2 * PAUSE };
    loop {
        tokio::time::sleep(PAUSE).await;
        refusal::settle(&state).await;
        let now = state.now();
        let swept = match take_lease(&state.outside.db, lease, now).await {
            Ok(true) => once(&state, now).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = swept {
            tracing::error!(error = &error as &dyn std::error::Error, "sweeping failed");
        }
    }
}

/// One round.
pub async fn once(state: &Identity, now: Timestamp) -> Result<(), StoreError> {
    let mut tx = state.outside.db.begin().await?;
    interactions::sweep(&mut tx, now).await?;
    par::sweep(&mut tx, now.minus(ON_THE_PAGES)).await?;
    replay::sweep(&mut tx, now).await?;
    codes::sweep(&mut tx, now.minus(REMEMBERED), now).await?;
    refresh::sweep(&mut tx, now.minus(REMEMBERED)).await?;
    guests::sweep(&mut tx, now).await?;
    grants::sweep(&mut tx, now.minus(REMEMBERED)).await?;
    initial_tokens::sweep(&mut tx, now).await?;
    mail_codes::sweep(&mut tx, now).await?;
    throttle::sweep(&mut tx, now).await?;
    upstream_logins::sweep(&mut tx, now).await?;
    ceremonies::sweep(&mut tx, now).await?;
    certificates::sweep(&mut tx, now).await?;
    resets::sweep(&mut tx, now).await?;
    email_changes::sweep(&mut tx, now).await?;
    totp::sweep(&mut tx, now.minus(ENROLMENT)).await?;
    devices::sweep(&mut tx, now.minus(KNOWN_FOR)).await?;
    // No session lives longer than twelve hours.
    sessions::sweep(&mut tx, now.minus(REMEMBERED)).await?;
    session_clients::sweep(&mut tx, now.minus(REMEMBERED)).await?;
    merges::sweep(&mut tx, now).await?;
    sign_ins::sweep(&mut tx, now.minus(HISTORY)).await?;
    tx.commit().await
}

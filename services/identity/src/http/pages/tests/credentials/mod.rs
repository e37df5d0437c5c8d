//! A person's own credentials, and the log-ins with them.

mod certificate;
mod certificate_names;
mod device;
mod email;
mod events;
mod linked;
mod lockout;
mod mail_limit;
mod maker;
mod manage;
mod models;
mod passkeys;
mod recovery;
mod release;
mod renamed;
mod reset;
mod totp;

use siegel_kernel::TrustLevel;
use siegel_web::testing::{assert_same_keys, assert_texts_exist};

use super::house::{Browser, House, Page};
use crate::domain::factors::Kind;
use crate::domain::interaction::InteractionId;
use crate::domain::totp::Generator;

pub const ERIKA: &str = "erika@example.org";
pub const HOME: &str = "/login/credentials";

const DE: &str = include_str!("../../../../../locales/de/credentials.ftl");
const EN: &str = include_str!("../../../../../locales/en/credentials.ftl");

#[test]
fn both_languages_have_the_same_texts() {
    assert_same_keys(DE, EN);
}

#[test]
fn every_text_asked_for_exists() {
    let all = format!("{}\n{DE}", super::DE);
    assert_texts_exist(super::super::credentials::SOURCES, &all);
    let known = siegel_web::testing::keys(&all);
    for kind in Kind::ALL {
        assert!(known.contains(&format!("kind-{kind}")), "{kind}");
    }
}

/// The code an app shows that was given this page's key.
pub fn code_of(house: &House, page: &Page) -> String {
    let (_, rest) = page.body.split_once("<code>").expect("the page shows a key");
    let key = rest.split_once("</code>").unwrap().0.replace(' ', "");
    app(&key).code(house.state.now())
}

/// An authenticator app with this key (RFC 4648 §6).
pub fn app(key: &str) -> Generator {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut have) = (Vec::new(), 0_u32, 0);
    for letter in key.bytes().filter(|b| *b != b' ') {
        let value = alphabet.iter().position(|a| *a == letter).unwrap();
        bits = (bits << 5) | u32::try_from(value).unwrap();
        have += 5;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from((bits >> have) & 0xff).unwrap());
        }
    }
    Generator::new(&bytes, "app", "app").unwrap()
}

/// Adds an authenticator app on the pages; it.
pub async fn with_app(house: &House, browser: &mut Browser<'_>) -> Generator {
    // Behind the password on the list.
    house.clock.advance(std::time::Duration::from_secs(1));
    browser.get(HOME).await;
    let begun = browser.post("/login/credentials/totp", &[]).await;
    assert_eq!(begun.location, "/login/credentials/totp", "{}", begun.body);
    let page = browser.get(&begun.location).await;
    let code = code_of(house, &page);
    let fields = [("code", code.as_str()), ("label", "Telefon")];
    let done = browser.post("/login/credentials/totp/confirm", &fields).await;
    assert_eq!(done.location, "/login/credentials?done=added", "{}", done.body);
    // The next code is another one.
    house.clock.advance(std::time::Duration::from_mins(1));
    let (_, rest) = page.body.split_once("<code>").unwrap();
    app(rest.split_once("</code>").unwrap().0)
}

/// A browser that logged in with the password for a request that needs `level`.
pub async fn at_step_up<'a>(
    house: &'a House,
    email: &str,
    level: TrustLevel,
) -> (Browser<'a>, InteractionId) {
    let id = house.asks(level).await;
    let mut browser = house.browser();
    browser.logs_in(id, email).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/step-up"));
    browser.get(&page.location).await;
    (browser, id)
}

/// The level of the browser's session.
pub async fn level(house: &House, browser: &Browser<'_>) -> Option<TrustLevel> {
    house.session_of(browser).await.map(|(_, _, level)| level)
}

/// Ids of the credentials on the list, in its order.
pub async fn listed(browser: &mut Browser<'_>) -> Vec<String> {
    let page = browser.get(HOME).await;
    let marks = page.body.split("aria-labelledby=\"crd_").skip(1);
    marks.map(|rest| format!("crd_{}", rest.split('"').next().unwrap())).collect()
}

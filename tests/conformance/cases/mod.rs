//! Every case, by its place in the protocol.

use std::future::Future;
use std::pin::Pin;

use crate::house::House;
use crate::rp::Reply;

type Run = for<'h> fn(&'h House) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'h>>;

/// One claim about the provider.
pub struct Case {
    pub name: &'static str,
    /// Modules of the OpenID Foundation's suite that look at the same thing.
    pub aliases: &'static [&'static str],
    pub run: Run,
}

impl Case {
    pub fn line(&self) -> String {
        if self.aliases.is_empty() {
            return self.name.to_owned();
        }
        format!("{} [{}]", self.name, self.aliases.join(", "))
    }
}

/// Lists the cases of a module: `name` or `name = "alias", "alias"`.
macro_rules! cases {
    ($($name:ident $(= $($alias:literal),+)?;)+) => {
        pub fn cases() -> Vec<$crate::cases::Case> {
            vec![$($crate::cases::Case {
                name: concat!(stringify!($name)),
                aliases: &[$($($alias),+)?],
                run: |house| Box::pin($name(house)),
            }),+]
        }
    };
}

mod absent;
mod acting;
mod attacks;
mod authorize;
mod claims;
mod client_auth;
mod codes;
mod credentials;
mod discovery;
mod everywhere;
mod fapi;
mod guests;
mod hostile;
mod introspection;
mod levels;
mod logout;
mod pages;
mod possession;
mod pushed;
mod refresh;
mod registration;
mod releases;
mod request_objects;
mod revocation;
mod session;
mod token;
mod upstream;
mod userinfo;

pub fn all() -> Vec<Case> {
    [
        authorize::cases(),
        codes::cases(),
        session::cases(),
        releases::cases(),
        levels::cases(),
        claims::cases(),
        request_objects::cases(),
        pushed::cases(),
        pages::cases(),
        hostile::cases(),
        discovery::cases(),
        absent::cases(),
        client_auth::cases(),
        token::cases(),
        refresh::cases(),
        possession::cases(),
        fapi::cases(),
        userinfo::cases(),
        acting::cases(),
        introspection::cases(),
        revocation::cases(),
        logout::cases(),
        everywhere::cases(),
        registration::cases(),
        credentials::cases(),
        guests::cases(),
        upstream::cases(),
        attacks::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where OpenID Connect Discovery §4 has the metadata.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The provider's metadata.
pub async fn metadata(house: &House) -> anyhow::Result<serde_json::Value> {
    let answer = house.builder()?.build()?.get(house.url(DISCOVERY)).send().await?;
    Ok(Reply::of(answer).await?.ok()?.json())
}

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
mod authorize;
mod claims;
mod codes;
mod discovery;
mod hostile;
mod levels;
mod pages;
mod pushed;
mod releases;
mod request_objects;
mod session;

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

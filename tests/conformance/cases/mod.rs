//! Every case, by its place in the protocol.

use std::future::Future;
use std::pin::Pin;

use crate::house::House;

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

mod attacks;
mod authorize;
mod client_auth;
mod credentials;
mod everywhere;
mod fapi;
mod introspection;
mod logout;
mod possession;
mod refresh;
mod registration;
mod revocation;
mod token;
mod upstream;
mod userinfo;

pub fn all() -> Vec<Case> {
    [
        attacks::cases(),
        authorize::cases(),
        client_auth::cases(),
        credentials::cases(),
        everywhere::cases(),
        fapi::cases(),
        introspection::cases(),
        logout::cases(),
        possession::cases(),
        refresh::cases(),
        registration::cases(),
        revocation::cases(),
        token::cases(),
        upstream::cases(),
        userinfo::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

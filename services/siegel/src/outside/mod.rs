//! A client that stands outside: HTML over HTTP as a browser without script would, OpenID Connect
//! as a portal would. The demo and the sandbox's first start use it; it has no way into the process.

mod browser;
mod forms;
mod net;
mod oidc;

pub use browser::{Browser, Landing, Page};
pub use forms::{Control, Form, forms};
pub use net::Net;
pub use oidc::{Client, Login, Metadata, Tokens};

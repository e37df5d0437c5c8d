//! What every HTML face of the suite shares: the page around a body, languages, security headers,
//! CSRF protection, cookies, form components, error pages and the stylesheet.
//!
//! A service builds a [`Face`] once, wraps its router with [`protect`] and takes a [`View`] in its
//! handlers. The README shows one complete page.

pub mod assets;
mod cookies;
mod csrf;
mod face;
pub mod format;
pub mod forms;
mod i18n;
mod page;
mod problem;
mod security;
pub mod testing;
mod view;

pub use cookies::{Scheme, SetCookie};
pub use csrf::{CheckedForm, Csrf, CsrfField};
pub use face::{Branding, Face, FooterLink};
pub use i18n::{Locale, Texts, t};
pub use page::{Acting, NavItem, Page, Person};
pub use problem::{Problem, fallback};
pub use security::{FormAction, ImageSource, WithoutCookies, protect};
pub use view::View;

pub use fluent_templates::fluent_bundle::FluentValue;

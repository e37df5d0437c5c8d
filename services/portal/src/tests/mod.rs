//! The portal with a fake identity on a real port and faked services, seen through its pages.

mod account_fakes;
mod acting;
mod browser;
mod data;
mod data_fakes;
mod filing;
mod identity;
mod letters;
mod login;
mod mailboxes;
mod mandates;
mod organisation_fakes;
mod organisations;
mod postbox_fakes;
mod programs;
mod replies;
mod services;
mod settings;
mod store;
mod texts;
mod units;
mod verify;
mod world;

fn login_path(target: &str) -> String {
    let target: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    format!("/account/login?return={target}")
}

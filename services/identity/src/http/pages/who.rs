//! Who asks for a log-in, and the way out: on every page of an authorization request.

use siegel_web::ImageSource;
use siegel_web::forms::{Button, LevelBadge, Link};

use super::visit::Visit;

/// Who asks, as `who.html` shows it.
pub struct Who {
    pub client: String,
    /// Empty when it has no name.
    pub tenant: String,
    pub logo: Option<String>,
    pub policy: Option<Link>,
    pub purpose: Option<String>,
    pub level: LevelBadge,
    pub why: String,
}

/// The form of `cancel.html`.
pub struct Cancel {
    pub action: String,
    pub button: Button,
}

impl Visit {
    /// Who asks, for what, and how sure they must be.
    pub fn who(&self) -> Who {
        let request = &self.interaction.request;
        let why = match request.floor.as_str() {
            "basic" => "why-basic",
            "low" => "why-low",
            "substantial" => "why-substantial",
            _ => "why-high",
        };
        // A link or image that is not https is none: the scheme could be one that runs.
        let https = |uri: &Option<String>| uri.clone().filter(|uri| uri.starts_with("https://"));
        let policy = https(&request.face.policy_uri);
        Who {
            client: request.client_name.clone(),
            tenant: request.face.tenant_name.clone(),
            logo: https(&request.face.logo_uri).filter(|uri| ImageSource::of(uri).is_some()),
            policy: policy.map(|uri| Link::text(uri, self.t.get("who-policy"))),
            purpose: Some(request.purpose.clone()).filter(|p| !p.is_empty()),
            level: LevelBadge::new(request.floor, self.view.locale),
            why: self.t.get(why),
        }
    }

    /// The way out, on every page before the last.
    pub fn cancel(&self) -> Cancel {
        let button = Button::tertiary(self.t.get("cancel")).id("cancel").skip_validation();
        Cancel { action: self.path("cancel"), button }
    }
}

//! What one HTML face of the suite is: its origin, its tenant, its keys.

use crate::cookies::Scheme;
use crate::csrf::Csrf;
use crate::security::FormAction;

/// The settings of one face, built at start and shared by all its requests.
#[derive(Clone, Debug)]
#[must_use]
pub struct Face {
    pub(crate) origin: String,
    pub(crate) scheme: Scheme,
    pub(crate) branding: Branding,
    pub(crate) sandbox: bool,
    pub(crate) csrf: Csrf,
    pub(crate) exempt: Vec<String>,
    pub(crate) form_action: Vec<FormAction>,
}

/// How a tenant shows itself.
#[derive(Clone, Debug)]
#[must_use]
pub struct Branding {
    pub(crate) name: String,
    pub(crate) logo_text: String,
    pub(crate) home: String,
    pub(crate) stylesheet: Option<String>,
    pub(crate) footer: Vec<FooterLink>,
}

/// A link at the foot of every page (Impressum, Datenschutz, Barrierefreiheit).
#[derive(Clone, Debug)]
pub struct FooterLink {
    pub de: String,
    pub en: String,
    pub href: String,
}

impl Face {
    /// A face at `origin`, such as `https://portal.example`, without a path.
    pub fn new(origin: &str, csrf: Csrf) -> Self {
        Self {
            origin: origin.trim_end_matches('/').to_owned(),
            scheme: Scheme::of(origin),
            branding: Branding::new("Siegel"),
            sandbox: false,
            csrf,
            exempt: Vec::new(),
            form_action: Vec::new(),
        }
    }

    pub fn branding(mut self, branding: Branding) -> Self {
        self.branding = branding;
        self
    }

    /// Whether every page carries the banner "Testumgebung".
    pub fn sandbox(mut self, sandbox: bool) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Paths whose POSTs may come from other origins; `/login/upstream/*` means all below. They
    /// change nothing, keep the request under a one-time id and answer 303 to a GET.
    pub fn exempt<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.exempt.extend(paths.into_iter().map(Into::into));
        self
    }

    /// An origin that every form of this face may lead to. A single response names its own with
    /// the extension [`FormAction`].
    pub fn form_action(mut self, action: Option<FormAction>) -> Self {
        self.form_action.extend(action);
        self
    }

    pub(crate) fn is_exempt(&self, path: &str) -> bool {
        self.exempt.iter().any(|rule| match rule.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == rule,
        })
    }
}

impl Branding {
    /// A tenant by its name; the logo shows the initials of its first two words.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let initials = name.split_whitespace().take(2).filter_map(|word| word.chars().next());
        Self {
            logo_text: initials.collect(),
            name,
            home: "/".to_owned(),
            stylesheet: None,
            footer: Vec::new(),
        }
    }

    /// One to three letters shown in the mark beside the name.
    pub fn logo_text(mut self, text: impl Into<String>) -> Self {
        self.logo_text = text.into();
        self
    }

    /// Where the mark and the name lead; `/` unless told.
    pub fn home(mut self, href: impl Into<String>) -> Self {
        self.home = href.into();
        self
    }

    /// A stylesheet of the same origin loaded after ours, such as the official KERN package.
    pub fn stylesheet(mut self, href: impl Into<String>) -> Self {
        self.stylesheet = Some(href.into());
        self
    }

    pub fn footer_link(
        mut self,
        de: impl Into<String>,
        en: impl Into<String>,
        href: impl Into<String>,
    ) -> Self {
        self.footer.push(FooterLink { de: de.into(), en: en.into(), href: href.into() });
        self
    }
}

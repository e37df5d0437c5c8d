//! The page around a body: landmarks, h1, navigation, language switch, banner, footer.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use crate::assets;
use crate::face::Branding;
use crate::forms::{Alert, Errors};
use crate::i18n::{Locale, Texts, shared};
use crate::view::View;

/// A page under construction: begin with [`View::page`], end with [`Page::show`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Page {
    view: View,
    heading: String,
    title: Option<String>,
    lead: Option<String>,
    back: Option<String>,
    nav: Vec<NavItem>,
    person: Option<Person>,
    acting: Option<Acting>,
    notices: Vec<Alert>,
    errors: Errors,
    scripts: Vec<String>,
    width: &'static str,
    status: StatusCode,
}

/// One entry of the main navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    href: String,
    text: String,
    count: Option<u64>,
}

/// Who is signed in, shown in the header with the way out.
#[derive(Clone, Debug)]
#[must_use]
pub struct Person {
    name: String,
    account: Option<String>,
    logout: Option<String>,
}

/// For whom somebody acts, shown in the header with the way to change it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Acting {
    /// Before the name, such as "You act for".
    label: String,
    name: String,
    more: Option<String>,
    href: String,
    text: String,
}

impl Acting {
    /// `href`: where it is changed, a link with this `text`.
    pub fn new(label: String, name: String, href: String, text: String) -> Self {
        Self { label, name, more: None, href, text }
    }

    /// What has to be said beside it.
    pub fn more(mut self, text: String) -> Self {
        self.more = Some(text);
        self
    }
}

impl NavItem {
    pub fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { href: href.into(), text: text.into(), count: None }
    }

    /// Without the query.
    fn path(&self) -> &str {
        self.href.split('?').next().unwrap_or_default()
    }

    /// Shows a number beside the entry, such as unread letters; nothing for zero.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = (count > 0).then_some(count);
        self
    }
}

impl Person {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), account: None, logout: None }
    }

    /// Where the name leads.
    pub fn account(mut self, href: impl Into<String>) -> Self {
        self.account = Some(href.into());
        self
    }

    /// The path that ends the session; a POST with a form token.
    pub fn logout(mut self, action: impl Into<String>) -> Self {
        self.logout = Some(action.into());
        self
    }
}

impl Page {
    pub(crate) fn new(view: View, heading: String) -> Self {
        Self {
            view,
            heading,
            title: None,
            lead: None,
            back: None,
            nav: Vec::new(),
            person: None,
            acting: None,
            notices: Vec::new(),
            errors: Errors::new(),
            scripts: Vec::new(),
            width: "",
            status: StatusCode::OK,
        }
    }

    /// The browser tab's title, when it differs from the h1.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// A first paragraph in larger type.
    pub fn lead(mut self, text: impl Into<String>) -> Self {
        self.lead = Some(text.into());
        self
    }

    /// A link "Zurück" above the h1.
    pub fn back(mut self, href: impl Into<String>) -> Self {
        self.back = Some(href.into());
        self
    }

    /// The main navigation; the entry of the current path is marked.
    pub fn nav(mut self, items: impl IntoIterator<Item = NavItem>) -> Self {
        self.nav = items.into_iter().collect();
        self
    }

    pub fn person(mut self, person: Person) -> Self {
        self.person = Some(person);
        self
    }

    pub fn acting(mut self, acting: Acting) -> Self {
        self.acting = Some(acting);
        self
    }

    /// A message above the body; may be called again.
    pub fn notice(mut self, alert: Alert) -> Self {
        self.notices.push(alert);
        self
    }

    /// Shows the error summary above the body, "Fehler:" in the title, and answers 422 when there
    /// are any.
    pub fn errors(mut self, errors: &Errors) -> Self {
        self.errors = errors.clone();
        if !self.errors.is_empty() {
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self
    }

    /// A script of this origin, loaded deferred; pages must work without it.
    pub fn script(mut self, src: impl Into<String>) -> Self {
        self.scripts.push(src.into());
        self
    }

    /// One column for forms.
    pub fn narrow(mut self) -> Self {
        self.width = "siegel-narrow";
        self
    }

    /// The full width, for tables.
    pub fn wide(mut self) -> Self {
        self.width = "siegel-wide";
        self
    }

    /// 200 unless told.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Renders `body` and answers the whole page.
    pub fn show(self, body: &impl Template) -> Response {
        match body.render() {
            Ok(html) => self.html(html),
            Err(error) => broken(&error),
        }
    }

    /// Answers the whole page around `html`, which the caller has escaped.
    pub fn html(self, html: impl Into<String>) -> Response {
        let status = self.status;
        match self.render(&html.into()) {
            Ok(text) => (status, Html(text)).into_response(),
            Err(error) => broken(&error),
        }
    }

    fn render(&self, body: &str) -> Result<String, askama::Error> {
        let Self { view, .. } = self;
        let t = shared(view.locale);
        let summary = self.errors.summary(view.locale);
        Layout {
            t,
            lang: view.locale.as_str(),
            title: self.title.as_ref().unwrap_or(&self.heading),
            heading: &self.heading,
            lead: self.lead.as_deref(),
            back: self.back.as_deref(),
            branding: &view.face.branding,
            footer: footer(&view.face.branding, view.locale),
            sandbox: view.face.sandbox,
            stylesheet: assets::stylesheet_href(),
            languages: languages(view),
            nav: nav(&self.nav, &view.path),
            person: self.person.as_ref(),
            acting: self.acting.as_ref(),
            csrf_token: &view.csrf_token,
            notices: &self.notices,
            summary: summary.as_ref(),
            scripts: &self.scripts,
            width: self.width,
            body,
        }
        .render()
    }
}

fn broken(error: &askama::Error) -> Response {
    tracing::error!(%error, "a page could not be rendered");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[derive(Template)]
#[template(path = "page.html")]
struct Layout<'a> {
    t: Texts,
    lang: &'static str,
    title: &'a str,
    heading: &'a str,
    lead: Option<&'a str>,
    back: Option<&'a str>,
    branding: &'a Branding,
    footer: Vec<(&'a str, &'a str)>,
    sandbox: bool,
    stylesheet: &'a str,
    languages: Vec<Language>,
    nav: Vec<(&'a NavItem, Option<&'static str>)>,
    person: Option<&'a Person>,
    acting: Option<&'a Acting>,
    csrf_token: &'a str,
    notices: &'a [Alert],
    summary: Option<&'a crate::forms::ErrorSummary>,
    scripts: &'a [String],
    width: &'static str,
    body: &'a str,
}

struct Language {
    locale: Locale,
    href: String,
    current: bool,
}

fn footer(branding: &Branding, locale: Locale) -> Vec<(&str, &str)> {
    branding
        .footer
        .iter()
        .map(|link| {
            let text = if locale == Locale::De { &link.de } else { &link.en };
            (text.as_str(), link.href.as_str())
        })
        .collect()
}

/// Links that keep the page: only the query changes.
fn languages(view: &View) -> Vec<Language> {
    let kept: Vec<_> = view
        .query
        .split('&')
        .filter(|p| !p.is_empty() && !p.starts_with("lang=") && !p.starts_with("ui_locales="))
        .collect();
    let link = |locale: Locale| {
        let choice = format!("lang={}", locale.as_str());
        let query = kept.iter().copied().chain([choice.as_str()]).collect::<Vec<_>>().join("&");
        Language { locale, href: format!("?{query}"), current: locale == view.locale }
    };
    Locale::ALL.into_iter().map(link).collect()
}

/// The longest entry that is the path or a folder above it gets `aria-current`.
fn nav<'a>(items: &'a [NavItem], path: &str) -> Vec<(&'a NavItem, Option<&'static str>)> {
    let covers = |item: &NavItem| {
        let below = path.strip_prefix(item.path().trim_end_matches('/'));
        below.is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && item.path() != "/"))
    };
    let best = items.iter().filter(|i| covers(i) || i.path() == path).map(|i| i.path().len()).max();
    let mark = |item: &NavItem| {
        if item.path() == path {
            Some("page")
        } else {
            (covers(item) && Some(item.path().len()) == best).then_some("true")
        }
    };
    items.iter().map(|item| (item, mark(item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(path: &str) -> Vec<Option<&'static str>> {
        let items = ["/", "/account", "/postbox"].map(|href| NavItem::new(href, href));
        nav(&items, path).into_iter().map(|(_, mark)| mark).collect()
    }

    #[test]
    fn the_navigation_marks_the_page_and_the_folder_above_it() {
        assert_eq!(marks("/"), [Some("page"), None, None]);
        assert_eq!(marks("/account"), [None, Some("page"), None]);
        assert_eq!(marks("/postbox/ltr_1"), [None, None, Some("true")]);
    }

    #[test]
    fn an_entry_is_marked_whatever_its_query() {
        let items = [NavItem::new("/postbox?organisation=org_1", "Postbox")];
        let mark = |path| nav(&items, path).into_iter().map(|(_, mark)| mark).next().unwrap();
        assert_eq!(mark("/postbox"), Some("page"));
        assert_eq!(mark("/postbox/ltr_1"), Some("true"));
        assert_eq!(mark("/account"), None);
    }

    #[test]
    fn the_navigation_marks_nothing_for_a_path_that_only_begins_alike() {
        assert_eq!(marks("/postboxes"), [None, None, None]);
    }
}

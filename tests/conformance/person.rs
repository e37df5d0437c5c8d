//! A person in front of a browser without script.

use anyhow::{Context as _, bail};
use reqwest::header;
use siegel::outside::{Form, forms};
use url::Url;

use crate::house::House;
use crate::rp::Fields;

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub password: String,
    /// Persona of the simulated card.
    pub card: &'static str,
}

/// A browser: cookies, redirects, forms; stops at addresses outside the provider.
pub struct Browser<'h> {
    pub http: reqwest::Client,
    house: &'h House,
}

/// Where a walk through the pages ended.
#[derive(Debug)]
pub enum Landing {
    Page(Page),
    /// The address outside the provider the browser was sent to.
    Away(Url),
    /// A form the browser is to post to the client (`response_mode=form_post`).
    Posted {
        action: String,
        fields: Vec<(String, String)>,
    },
}

#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: header::HeaderMap,
    pub html: String,
}

impl Page {
    pub fn form(&self, fits: impl Fn(&Form) -> bool) -> Option<Form> {
        forms(&self.html).into_iter().find(fits)
    }

    pub fn has_id(&self, id: &str) -> bool {
        self.tag(id).is_some()
    }

    /// The tag that has this id, without its brackets.
    pub fn tag(&self, id: &str) -> Option<&str> {
        let at = self.html.find(&format!(" id=\"{id}\""))?;
        let (before, after) = self.html.split_at_checked(at)?;
        let start = before.rfind('<')? + 1;
        let end = at + after.find('>')?;
        self.html.get(start..end)
    }

    /// An attribute of the tag with this id, as written.
    pub fn attribute(&self, id: &str, name: &str) -> Option<&str> {
        let (_, rest) = self.tag(id)?.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn is_login(&self) -> bool {
        self.form(|f| f.controls.iter().any(|c| c.kind == "password")).is_some()
    }

    pub fn is_consent(&self) -> bool {
        self.form(|f| f.offers("action", "allow")).is_some()
    }

    pub fn is_step_up(&self) -> bool {
        self.form(|f| f.offers("method", "eid")).is_some() && !self.is_login()
    }
}

impl Landing {
    pub fn page(self) -> anyhow::Result<Page> {
        match self {
            Self::Page(page) => Ok(page),
            other => bail!("expected a page, got {other:?}"),
        }
    }

    /// The same by name.
    pub fn fields(self) -> anyhow::Result<Fields> {
        Ok(self.answer()?.into_iter().collect())
    }

    /// The parameters of the answer the client gets.
    pub fn answer(self) -> anyhow::Result<Vec<(String, String)>> {
        match self {
            Self::Away(url) => Ok(url.query_pairs().into_owned().collect()),
            Self::Posted { fields, .. } => Ok(fields),
            Self::Page(page) => {
                bail!("still on the page {} ({}): {}", page.url, page.status, text(&page.html))
            }
        }
    }
}

/// The text of a page, for messages.
pub fn text(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.split("<main").nth(1).unwrap_or(html).chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().take(60).collect::<Vec<_>>().join(" ")
}

impl<'h> Browser<'h> {
    pub fn new(house: &'h House) -> anyhow::Result<Self> {
        let http = house
            .builder()?
            .cookie_store(true)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64) conformance")
            .build()?;
        Ok(Self { http, house })
    }

    pub async fn open(&self, url: &str) -> anyhow::Result<Landing> {
        self.follow(self.house.url_of(url)?, None).await
    }

    /// Presses the button of a form after filling it.
    pub async fn submit(
        &self,
        page: &Page,
        form: &Form,
        given: &[(&str, &str)],
    ) -> anyhow::Result<Landing> {
        let mut url = page.url.join(&form.action)?;
        let pairs = form.fill(given);
        if form.method == "post" {
            return self.follow(url, Some(pairs)).await;
        }
        url.query_pairs_mut().clear().extend_pairs(pairs);
        self.follow(url, None).await
    }

    /// Presses the button with this name and value on the page.
    pub async fn press(&self, page: &Page, name: &str, value: &str) -> anyhow::Result<Landing> {
        let form = page.form(|f| f.offers(name, value));
        let form =
            form.with_context(|| format!("no button {name}={value}: {}", text(&page.html)))?;
        self.submit(page, &form, &[(name, value)]).await
    }

    /// Fills and sends the log-in form.
    pub async fn enter(&self, page: &Page, person: &Person) -> anyhow::Result<Landing> {
        let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password"));
        let form = form.with_context(|| format!("no log-in form: {}", text(&page.html)))?;
        self.submit(page, &form, &credentials(&form, person)).await
    }

    /// Gives the request up by the button that every page before the last one has.
    pub async fn cancel(&self, page: &Page) -> anyhow::Result<Landing> {
        let form = page.form(|f| f.action.split('?').next().unwrap_or("").ends_with("/cancel"));
        let form = form.with_context(|| format!("no way out: {}", text(&page.html)))?;
        self.submit(page, &form, &[]).await
    }

    /// Does what the person would do until there is a page that fits.
    pub async fn walk_to(
        &self,
        start: Landing,
        person: &Person,
        fits: impl Fn(&Page) -> bool,
    ) -> anyhow::Result<Page> {
        let mut landing = start;
        for _ in 0..14 {
            let page = landing.page()?;
            if fits(&page) {
                return Ok(page);
            }
            let next = self.step(&page, person).await?;
            landing = next.with_context(|| format!("{}: {}", page.url, text(&page.html)))?;
        }
        bail!("no such page came")
    }

    /// What the browser does when a page of another origin posts a form to the provider.
    pub async fn post_from(
        &self,
        origin: &str,
        path: &str,
        form: &Fields,
    ) -> anyhow::Result<Landing> {
        let sent = self.http.post(self.house.url(path)).header("sec-fetch-site", "cross-site");
        let sent = sent.header(header::ORIGIN, origin).header(header::ACCEPT, "text/html");
        let answer = sent.form(form).send().await?;
        let to = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        match to.map(str::to_owned) {
            Some(to) => self.follow(self.house.url_of(&to)?, None).await,
            None => Ok(Landing::Page(Page {
                url: self.house.url_of(path)?,
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
                html: answer.text().await?,
            })),
        }
    }

    async fn follow(
        &self,
        mut url: Url,
        mut body: Option<Vec<(String, String)>>,
    ) -> anyhow::Result<Landing> {
        for _ in 0..20 {
            if !url.as_str().starts_with(&format!("{}/", self.house.origin)) {
                return Ok(Landing::Away(url));
            }
            let request = match body.take() {
                // What a browser says of its own forms.
                Some(pairs) => self
                    .http
                    .post(url.clone())
                    .header("sec-fetch-site", "same-origin")
                    .header(header::ORIGIN, &self.house.origin)
                    .form(&pairs),
                None => self.http.get(url.clone()),
            };
            let answer = request
                .header(header::ACCEPT, "text/html")
                .header(header::ACCEPT_LANGUAGE, "en")
                .send()
                .await?;
            if answer.status().is_redirection() {
                let to = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
                url = url.join(to.context("a redirect without an address")?)?;
                continue;
            }
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let html = answer.text().await?;
            let page = Page { url, status, headers, html };
            let away = |f: &Form| {
                f.action.starts_with("http") && !f.action.starts_with(&self.house.origin)
            };
            if let Some(form) = page.form(away) {
                let fields = form.fill(&[]);
                return Ok(Landing::Posted { action: form.action, fields });
            }
            return Ok(Landing::Page(page));
        }
        bail!("too many redirects")
    }

    /// Does on every page what the person would do, until the browser leaves the provider or
    /// meets a page nobody expects. Optional attributes are ticked.
    pub async fn walk(&self, start: Landing, person: &Person) -> anyhow::Result<Landing> {
        let mut landing = start;
        for _ in 0..14 {
            let Landing::Page(page) = landing else { return Ok(landing) };
            match self.step(&page, person).await? {
                Some(next) => landing = next,
                None => return Ok(Landing::Page(page)),
            }
        }
        bail!("the log-in did not come to an end")
    }

    async fn step(&self, page: &Page, person: &Person) -> anyhow::Result<Option<Landing>> {
        if page.headers.contains_key("refresh") {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            return Ok(Some(self.open(page.url.as_str()).await?));
        }
        if let Some(form) = page.form(|f| f.has("persona") && f.has("pin")) {
            let given = [("persona", person.card), ("pin", "123456"), ("action", "identify")];
            return Ok(Some(self.submit(page, &form, &given).await?));
        }
        if let Some(form) = page.form(|f| f.controls.iter().any(|c| c.kind == "password")) {
            if page.status >= 400 {
                return Ok(None);
            }
            return Ok(Some(self.submit(page, &form, &credentials(&form, person)).await?));
        }
        if let Some(form) = page.form(|f| f.offers("action", "allow")) {
            let boxes = form.controls.iter().filter(|c| c.kind == "checkbox");
            let mut given: Vec<(&str, &str)> =
                boxes.map(|c| (c.name.as_str(), c.value.as_str())).collect();
            given.push(("action", "allow"));
            return Ok(Some(self.submit(page, &form, &given).await?));
        }
        if let Some(form) = page.form(|f| f.offers("method", "eid")) {
            return Ok(Some(self.submit(page, &form, &[("method", "eid")]).await?));
        }
        Ok(None)
    }
}

/// The log-in form's two fields, whatever the first is called.
pub fn credentials<'a>(form: &'a Form, person: &'a Person) -> Vec<(&'a str, &'a str)> {
    let mut given = Vec::new();
    for control in &form.controls {
        match control.kind.as_str() {
            "email" | "text" => given.push((control.name.as_str(), person.email.as_str())),
            "password" => given.push((control.name.as_str(), person.password.as_str())),
            _ => {}
        }
    }
    given
}

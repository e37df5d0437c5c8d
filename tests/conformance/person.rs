//! A person in front of a browser without script.

use anyhow::{Context as _, bail};
use reqwest::header;
use siegel::outside::{Form, forms};
use url::Url;

use crate::house::House;

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
        self.html.contains(&format!("id=\"{id}\""))
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

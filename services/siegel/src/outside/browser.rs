use anyhow::{Context as _, bail};
use reqwest::header;
use url::Url;

use super::forms::{Form, forms};
use super::net::Net;

/// How many redirects in a row are followed.
const HOPS: usize = 20;

/// A browser without script: cookies, redirects, forms.
pub struct Browser {
    http: reqwest::Client,
    /// Redirects to addresses that start like this are not followed but handed over.
    stop_at: Option<String>,
}

/// Where following redirects ended.
#[derive(Debug)]
pub enum Landing {
    Page(Page),
    /// The address of the client that started the log-in, with its parameters.
    Returned(Url),
}

/// A page.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub html: String,
    /// The page asks to be loaded again (`Refresh`).
    pub refreshes: bool,
}

impl Page {
    /// The first form that has all these controls.
    pub fn form(&self, names: &[&str]) -> Option<Form> {
        forms(&self.html).into_iter().find(|f| names.iter().all(|n| f.has(n)))
    }

    /// The first form with this button or choice.
    pub fn offering(&self, name: &str, value: &str) -> Option<Form> {
        forms(&self.html).into_iter().find(|f| f.offers(name, value))
    }
}

impl Browser {
    pub fn new(net: &Net, stop_at: Option<String>) -> anyhow::Result<Self> {
        let http = net.http()?.cookie_store(true).user_agent("siegel-demo").build()?;
        Ok(Self { http, stop_at })
    }

    pub async fn open(&self, url: &str) -> anyhow::Result<Landing> {
        let url = Url::parse(url)?;
        self.follow(url, None).await
    }

    /// Sends a form of a page.
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
        for _ in 0..HOPS {
            if self.stop_at.as_deref().is_some_and(|stop| url.as_str().starts_with(stop)) {
                return Ok(Landing::Returned(url));
            }
            let request = match body.take() {
                Some(pairs) => self.http.post(url.clone()).form(&pairs),
                None => self.http.get(url.clone()),
            };
            let request = request.header(header::ACCEPT, "text/html");
            let response = request.header(header::ACCEPT_LANGUAGE, "de").send().await?;
            if !response.status().is_redirection() {
                let status = response.status().as_u16();
                let refreshes = response.headers().contains_key(header::REFRESH);
                let html = response.text().await?;
                return Ok(Landing::Page(Page { url, status, html, refreshes }));
            }
            let to = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
            url = url.join(to.context("a redirect without an address")?)?;
        }
        bail!("too many redirects")
    }
}

impl Landing {
    pub fn page(self) -> anyhow::Result<Page> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Returned(_) => bail!("the log-in came back before it was done"),
        }
    }
}

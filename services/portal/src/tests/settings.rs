//! Searching the postbox, and what people decide about it.

use siegel_grpc::refusal;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::mailbox_settings_service_server::MailboxSettingsService;
use siegel_proto::postbox::v1::set_opt_out_request::About;
use tonic::{Code, Request, Response, Status};

use super::services::{Fake, LETTER};
use super::world::World;

const HANDLE: &str = "hdl_00000000000000000000000000000001";

/// What the postbox was asked for and told.
#[derive(Default)]
pub struct Told {
    pub searched: Vec<postbox::SearchRequest>,
    pub chosen: Vec<postbox::SetOptOutRequest>,
    pub revoked: Vec<postbox::RevokeHandleRequest>,
}

impl Fake {
    pub(super) fn found(
        &self,
        request: postbox::SearchRequest,
    ) -> Result<Response<postbox::SearchResponse>, Status> {
        if request.query == "!" {
            return Err(refusal(Code::InvalidArgument, "INVALID_FIELD", "no words", []));
        }
        let first = request.page_token.is_empty();
        self.0.told.lock().unwrap().searched.push(request);
        Ok(Response::new(postbox::SearchResponse {
            letters: vec![self.0.letter()],
            next_page_token: if first { "more".into() } else { String::new() },
            total: first.then_some(2),
        }))
    }
}

#[tonic::async_trait]
impl MailboxSettingsService for Fake {
    async fn list_handles(
        &self,
        _: Request<postbox::ListHandlesRequest>,
    ) -> Result<Response<postbox::ListHandlesResponse>, Status> {
        let handle = postbox::Handle {
            handle: HANDLE.into(),
            sector: "musterstadt <b>".into(),
            issued_at: None,
            revoked_at: None,
        };
        let handles = vec![handle];
        Ok(Response::new(postbox::ListHandlesResponse { handles, ..Default::default() }))
    }

    async fn revoke_handle(
        &self,
        request: Request<postbox::RevokeHandleRequest>,
    ) -> Result<Response<postbox::RevokeHandleResponse>, Status> {
        self.0.told.lock().unwrap().revoked.push(request.into_inner());
        Ok(Response::new(postbox::RevokeHandleResponse {}))
    }

    async fn list_senders(
        &self,
        _: Request<postbox::ListSendersRequest>,
    ) -> Result<Response<postbox::ListSendersResponse>, Status> {
        let sender = postbox::MailboxSender {
            sender_id: "musterstadt-bauamt".into(),
            authority: "Bauamt <b>Musterstadt</b>".into(),
            ..Default::default()
        };
        Ok(Response::new(postbox::ListSendersResponse {
            general: postbox::OptOutChoice::Unspecified.into(),
            senders: vec![sender],
            next_page_token: "more".into(),
        }))
    }

    async fn set_opt_out(
        &self,
        request: Request<postbox::SetOptOutRequest>,
    ) -> Result<Response<postbox::SetOptOutResponse>, Status> {
        self.0.told.lock().unwrap().chosen.push(request.into_inner());
        Ok(Response::new(postbox::SetOptOutResponse::default()))
    }

    async fn list_opt_outs(
        &self,
        _: Request<postbox::ListOptOutsRequest>,
    ) -> Result<Response<postbox::ListOptOutsResponse>, Status> {
        let choice = postbox::OptOut {
            number: 1,
            choice: postbox::OptOutChoice::Excluded.into(),
            wording_version: "siegel-portal/0".into(),
            ..Default::default()
        };
        let opt_outs = vec![choice];
        Ok(Response::new(postbox::ListOptOutsResponse { opt_outs, ..Default::default() }))
    }
}

pub(super) async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    world
}

#[tokio::test]
async fn the_list_has_a_field_to_search_and_the_results_lead_to_the_letters() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox").await;
    assert!(page.body.contains("Postfach durchsuchen"), "{}", page.body);
    assert!(page.body.contains("role=\"search\""));
    let page = world.browser.get("/postbox?q=Gaube%20%3Cb%3E").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(world.services.told.lock().unwrap().searched[0].query, "Gaube <b>");
    assert!(page.body.contains("2 Briefe gefunden"), "{}", page.body);
    assert!(page.body.contains(&format!("/postbox/{LETTER}")));
    assert!(page.body.contains("Gaube &#60;b&#62;"), "the words are shown as they are");
    assert!(!page.body.contains("Gaube <b>"));
    let more = "/postbox?q=Gaube+%3Cb%3E&page=more";
    assert!(page.body.contains(&more.replace('&', "&#38;")), "{}", page.body);
    let page = world.browser.get(more).await;
    assert!(page.body.contains("Weitere Treffer"), "{}", page.body);
}

#[tokio::test]
async fn a_search_without_words_says_what_to_do_and_an_empty_one_lists_all() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox?q=!").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("ein bis zehn Wörter"), "{}", page.body);
    assert!(!page.body.contains("gefunden"));
    let page = world.browser.get("/postbox?q=+").await;
    assert!(page.body.contains("Ungelesen"), "{}", page.body);
    assert!(world.services.told.lock().unwrap().searched.is_empty());
}

#[tokio::test]
async fn the_search_of_an_organisation_stays_with_it() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox?organisation=org_1&q=Gaube").await;
    assert_eq!(world.services.told.lock().unwrap().searched[0].organisation_id, "org_1");
    assert!(page.body.contains("name=\"organisation\" value=\"org_1\""), "{}", page.body);
    assert!(page.body.contains("/postbox?organisation=org_1&#38;q=Gaube&#38;page=more"));
}

#[tokio::test]
async fn the_settings_show_who_may_write_by_which_address_and_what_was_chosen() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox/settings").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Bauamt &#60;b&#62;", "Bereich musterstadt &#60;b&#62;", "Briefe kommen an"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(page.body.contains("alle Absender ausgeschlossen (Hinweis siegel-portal/0)"));
    assert!(page.body.contains("/postbox/settings?page=more"));
    assert!(!page.body.contains("<b>"));
    let list = world.browser.get("/postbox").await;
    assert!(list.body.contains("href=\"/postbox/settings\""), "the list leads there");
}

#[tokio::test]
async fn a_choice_is_sent_with_the_wording_that_was_shown() {
    let mut world = signed_in().await;
    world.browser.get("/postbox/settings").await;
    let fields = [("sender_id", ""), ("excluded", "true")];
    let page = world.browser.post("/postbox/settings/choice", &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("/postbox/settings")));
    let fields = [("sender_id", "musterstadt-bauamt"), ("excluded", "false")];
    let path = "/postbox/settings/choice?organisation=org_1";
    let page = world.browser.post(path, &fields).await;
    let back = "/postbox/settings?organisation=org_1";
    assert_eq!((page.status, page.location.as_deref()), (303, Some(back)));
    let told = world.services.told.lock().unwrap();
    let [all, one] = &told.chosen[..] else { panic!("{} choices", told.chosen.len()) };
    assert_eq!(all.about, Some(About::Everybody(true)));
    assert_eq!(all.choice(), postbox::OptOutChoice::Excluded);
    assert_eq!(all.wording_version, "siegel-portal/1");
    assert_eq!(one.about, Some(About::SenderId("musterstadt-bauamt".into())));
    assert_eq!(one.choice(), postbox::OptOutChoice::Allowed);
    assert_eq!(one.organisation_id, "org_1");
    assert_ne!(all.request_id, one.request_id);
}

#[tokio::test]
async fn an_address_is_ended_by_a_form_and_never_by_a_link() {
    let mut world = signed_in().await;
    world.browser.get("/postbox/settings").await;
    let page = world.browser.get("/postbox/settings/handle").await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("/postbox/settings")));
    assert!(world.services.told.lock().unwrap().revoked.is_empty());
    let page = world.browser.post("/postbox/settings/handle", &[("handle", HANDLE)]).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some("/postbox/settings")));
    assert_eq!(world.services.told.lock().unwrap().revoked[0].handle, HANDLE);
}

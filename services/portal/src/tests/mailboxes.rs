//! Choosing mailboxes, rights in them, and standing in for somebody.

use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_proto::organisation::v1::mailbox_rights_service_server::MailboxRightsService;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::mailbox_choice_service_server::MailboxChoiceService;
use tonic::{Request, Response, Status};

use super::services::Fake;
use super::settings::signed_in;

const BUILDING: &str = "omb_1";

/// What `organisation` was told.
#[derive(Default)]
pub struct Arranged {
    pub created: Vec<pb::CreateMailboxRequest>,
    pub closed: Vec<pb::CloseMailboxRequest>,
    pub set: Vec<pb::SetMailboxRightsRequest>,
    pub removed: Vec<pb::RemoveMailboxRightsRequest>,
    pub substituted: Vec<pb::CreateSubstitutionRequest>,
    pub ended: Vec<pb::EndSubstitutionRequest>,
    pub routed: Vec<pb::SetLetterRouteRequest>,
}

type Answer<T> = Result<Response<T>, Status>;

fn mailbox(id: &str, kind: pb::MailboxKind, name: &str) -> pb::Mailbox {
    pb::Mailbox {
        mailbox_id: id.into(),
        organisation_id: "org_1".into(),
        kind: kind.into(),
        name: name.into(),
        own_rights: vec![1, 7],
        ..Default::default()
    }
}

fn grant(holder: Holder, rights: &[i32], by_default: bool) -> pb::MailboxGrant {
    let holder = Some(pb::MailboxHolder { holder: Some(holder) });
    pb::MailboxGrant { holder, rights: rights.to_vec(), by_default, since: None }
}

#[tonic::async_trait]
impl MailboxRightsService for Fake {
    async fn create_mailbox(
        &self,
        request: Request<pb::CreateMailboxRequest>,
    ) -> Answer<pb::CreateMailboxResponse> {
        self.0.arranged.lock().unwrap().created.push(request.into_inner());
        Ok(Response::new(pb::CreateMailboxResponse::default()))
    }

    async fn close_mailbox(
        &self,
        request: Request<pb::CloseMailboxRequest>,
    ) -> Answer<pb::CloseMailboxResponse> {
        self.0.arranged.lock().unwrap().closed.push(request.into_inner());
        Ok(Response::new(pb::CloseMailboxResponse {}))
    }

    async fn list_mailboxes(
        &self,
        _: Request<pb::ListMailboxesRequest>,
    ) -> Answer<pb::ListMailboxesResponse> {
        Ok(Response::new(pb::ListMailboxesResponse {
            mailboxes: vec![
                mailbox("", pb::MailboxKind::Central, ""),
                mailbox(BUILDING, pb::MailboxKind::Function, "Bau <b>"),
            ],
            may_manage: true,
            own_member_id: "mem_1".into(),
        }))
    }

    async fn set_mailbox_rights(
        &self,
        request: Request<pb::SetMailboxRightsRequest>,
    ) -> Answer<pb::SetMailboxRightsResponse> {
        self.0.arranged.lock().unwrap().set.push(request.into_inner());
        Ok(Response::new(pb::SetMailboxRightsResponse::default()))
    }

    async fn remove_mailbox_rights(
        &self,
        request: Request<pb::RemoveMailboxRightsRequest>,
    ) -> Answer<pb::RemoveMailboxRightsResponse> {
        self.0.arranged.lock().unwrap().removed.push(request.into_inner());
        Ok(Response::new(pb::RemoveMailboxRightsResponse {}))
    }

    async fn list_mailbox_rights(
        &self,
        _: Request<pb::ListMailboxRightsRequest>,
    ) -> Answer<pb::ListMailboxRightsResponse> {
        let grants = vec![
            grant(Holder::Role(1), &[1, 2, 3, 4, 5, 6, 7], true),
            grant(Holder::Role(3), &[], true),
            grant(Holder::MemberId("mem_2".into()), &[1, 3], false),
        ];
        Ok(Response::new(pb::ListMailboxRightsResponse { grants, may_manage: true }))
    }

    async fn create_substitution(
        &self,
        request: Request<pb::CreateSubstitutionRequest>,
    ) -> Answer<pb::CreateSubstitutionResponse> {
        self.0.arranged.lock().unwrap().substituted.push(request.into_inner());
        Ok(Response::new(pb::CreateSubstitutionResponse::default()))
    }

    async fn end_substitution(
        &self,
        request: Request<pb::EndSubstitutionRequest>,
    ) -> Answer<pb::EndSubstitutionResponse> {
        self.0.arranged.lock().unwrap().ended.push(request.into_inner());
        Ok(Response::new(pb::EndSubstitutionResponse {}))
    }

    async fn list_substitutions(
        &self,
        _: Request<pb::ListSubstitutionsRequest>,
    ) -> Answer<pb::ListSubstitutionsResponse> {
        let one = pb::Substitution {
            substitution_id: "sub_1".into(),
            kind: 1,
            absent_member_id: "mem_1".into(),
            substitute_member_id: "mem_2".into(),
            ..Default::default()
        };
        Ok(Response::new(pb::ListSubstitutionsResponse { substitutions: vec![one] }))
    }

    async fn list_letter_routes(
        &self,
        _: Request<pb::ListLetterRoutesRequest>,
    ) -> Answer<pb::ListLetterRoutesResponse> {
        let route = |id: &str, name: &str, mailbox: &str| pb::LetterRoute {
            route_id: id.into(),
            name: name.into(),
            mailbox_id: mailbox.into(),
            ..Default::default()
        };
        let routes = vec![route("rte_1", "Bauamt <i>", BUILDING), route("rte_2", "Finanzamt", "")];
        Ok(Response::new(pb::ListLetterRoutesResponse { routes, may_manage: true }))
    }

    async fn set_letter_route(
        &self,
        request: Request<pb::SetLetterRouteRequest>,
    ) -> Answer<pb::SetLetterRouteResponse> {
        self.0.arranged.lock().unwrap().routed.push(request.into_inner());
        Ok(Response::new(pb::SetLetterRouteResponse::default()))
    }
}

#[tonic::async_trait]
impl MailboxChoiceService for Fake {
    async fn list_mailboxes(
        &self,
        _: Request<postbox::ListMailboxesRequest>,
    ) -> Answer<postbox::ListMailboxesResponse> {
        let own = postbox::MailboxChoice { inbox: 3, unread: 1, ..Default::default() };
        let other = postbox::MailboxChoice {
            organisation_id: "org_1".into(),
            organisation_name: "Muster & Co".into(),
            mailbox_id: BUILDING.into(),
            kind: pb::MailboxKind::Function.into(),
            name: "Bauakten".into(),
            ..Default::default()
        };
        Ok(Response::new(postbox::ListMailboxesResponse { mailboxes: vec![own, other] }))
    }
}

#[tokio::test]
async fn the_mailboxes_to_choose_from_lead_to_their_letters() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox/choose").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Mein Postfach", "3 Briefe im Eingang, 1 ungelesen", "Muster &#38; Co", "Bauakten"]
    {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(page.body.contains("href=\"/postbox?organisation=org_1&#38;mailbox=omb_1\""));
    let list = world.browser.get("/postbox?organisation=org_1&mailbox=omb_1").await;
    assert!(list.body.contains("href=\"/postbox/choose\""), "{}", list.body);
    assert!(list.body.contains("?organisation=org_1&#38;mailbox=omb_1"), "letters stay in it");
}

#[tokio::test]
async fn a_search_stays_in_its_mailbox() {
    let mut world = signed_in().await;
    world.browser.get("/postbox?organisation=org_1&mailbox=omb_1&q=Gaube").await;
    let told = world.services.told.lock().unwrap();
    let searched = &told.searched[0];
    assert_eq!((&*searched.organisation_id, &*searched.mailbox_id), ("org_1", BUILDING));
}

#[tokio::test]
async fn mailboxes_are_set_up_and_closed_by_forms() {
    let mut world = signed_in().await;
    let page = world.browser.get("/organisation/org_1/mailboxes").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Zentrales Postfach", "Bau &#60;b&#62;", "lesen, förmlich empfangen", "Hochbau"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let path = "/organisation/org_1/mailboxes";
    let fields = [("form", "f"), ("what", "function"), ("name", " Rechnungen ")];
    let page = world.browser.post(path, &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(path)));
    let own = [("form", "f"), ("what", "personal"), ("member", "mem_1")];
    world.browser.post(path, &own).await;
    let unit = [("form", "f"), ("what", "unit"), ("unit", "unt_1")];
    world.browser.post(path, &unit).await;
    let arranged = world.services.arranged.lock().unwrap();
    assert_eq!(arranged.created[0].name, "Rechnungen");
    assert_eq!(arranged.created[1].member_id, "mem_1");
    assert_eq!(arranged.created[2].unit_id, "unt_1");
}

#[tokio::test]
async fn a_mailbox_is_closed_only_after_its_end_was_explained() {
    let mut world = signed_in().await;
    let list = world.browser.get("/organisation/org_1/mailboxes").await;
    let path = "/organisation/org_1/mailboxes/omb_1/close";
    assert!(list.body.contains(&format!("href=\"{path}\"")), "{}", list.body);
    let page = world.browser.get(path).await;
    for text in ["Bau &#60;b&#62;", "gelten als unzustellbar", "nicht rückgängig"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(world.services.arranged.lock().unwrap().closed.is_empty(), "looking closes nothing");
    let page = world.browser.post(path, &[("form", "f")]).await;
    assert_eq!(page.location.as_deref(), Some("/organisation/org_1/mailboxes"));
    let closed = world.services.arranged.lock().unwrap().closed.clone();
    assert_eq!(closed[0].mailbox_id, BUILDING);
    let central = world.browser.get("/organisation/org_1/mailboxes/omb_2/close").await;
    assert_eq!(central.status, 303, "there is none of this name");
}

#[tokio::test]
async fn the_mailbox_for_the_letters_of_a_service_is_chosen_by_a_form() {
    let mut world = signed_in().await;
    let page = world.browser.get("/organisation/org_1/letters").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Bauamt &#60;i&#62;", "Bau &#60;b&#62;", "Finanzamt", "Zentrales Postfach"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let path = "/organisation/org_1/letters/rte_1";
    assert!(page.body.contains(&format!("href=\"{path}\"")), "{}", page.body);
    let page = world.browser.get(path).await;
    assert!(page.body.contains("value=\"omb_1\" selected"), "{}", page.body);
    let page = world.browser.post(path, &[("form", "f"), ("mailbox", "")]).await;
    assert_eq!(page.location.as_deref(), Some("/organisation/org_1/letters"));
    world.browser.post(path, &[("form", "f"), ("mailbox", BUILDING)]).await;
    let arranged = world.services.arranged.lock().unwrap();
    let set: Vec<_> =
        arranged.routed.iter().map(|one| (&*one.route_id, &*one.mailbox_id)).collect();
    assert_eq!(set, [("rte_1", ""), ("rte_1", BUILDING)]);
    assert_ne!(arranged.routed[0].request_id, arranged.routed[1].request_id);
}

#[tokio::test]
async fn rights_are_changed_for_one_holder_at_a_time_and_never_those_of_owners() {
    let mut world = signed_in().await;
    let path = "/organisation/org_1/rights?mailbox=omb_1";
    let page = world.browser.get(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("holder=role-3") && page.body.contains("holder=mem_2"));
    assert!(!page.body.contains("holder=role-1"), "{}", page.body);
    assert!(page.body.contains("nichts (üblich)"), "{}", page.body);
    assert!(page.body.contains("Max &#60;u&#62;"), "people by their names: {}", page.body);
    let somebody = world.browser.get(&format!("{path}&holder=member")).await;
    for one in ["value=\"mem_3\"", "Erika Beispiel", "Abteilung Hochbau"] {
        assert!(somebody.body.contains(one), "{one}: {}", somebody.body);
    }
    let page = world.browser.get(&format!("{path}&holder=mem_2")).await;
    assert!(page.body.contains("name=\"r1\"") && page.body.contains("Zurück zum Üblichen"));
    let fields = [("form", "f"), ("what", "set"), ("holder", "role-3"), ("r1", "on"), ("r7", "on")];
    let page = world.browser.post(path, &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(path)));
    let fields = [("form", "f"), ("what", "remove"), ("holder", "mem_2")];
    world.browser.post(path, &fields).await;
    let arranged = world.services.arranged.lock().unwrap();
    let set = &arranged.set[0];
    assert_eq!((set.mailbox_id.as_str(), &set.rights[..]), (BUILDING, &[1, 7][..]));
    assert_eq!(set.holder.clone().unwrap().holder, Some(Holder::Role(3)));
    let removed = arranged.removed[0].holder.clone().unwrap().holder;
    assert_eq!(removed, Some(Holder::MemberId("mem_2".into())));
}

#[tokio::test]
async fn a_substitution_lasts_to_the_end_of_its_last_day_in_berlin() {
    let mut world = signed_in().await;
    let path = "/organisation/org_1/substitutions";
    let page = world.browser.get(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Max &#60;u&#62; vertritt "), "{}", page.body);
    let mut fields = [
        ("form", "f"),
        ("what", "create"),
        ("kind", "1"),
        ("absent", "mem_1"),
        ("substitute", "mem_2"),
        ("from", "2025-07-01"),
        ("until", "morgen"),
    ];
    let page = world.browser.post(path, &fields).await;
    assert!(page.body.contains("in der Form 2025-04-01"), "{}", page.body);
    fields[6].1 = "2025-07-02";
    let page = world.browser.post(path, &fields).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(path)));
    world.browser.post(path, &[("what", "end"), ("substitution", "sub_1")]).await;
    let arranged = world.services.arranged.lock().unwrap();
    let [made] = &arranged.substituted[..] else { panic!("{}", arranged.substituted.len()) };
    let at = |at: &Option<pbjson_types::Timestamp>| {
        siegel_proto::convert::instant(at.as_ref().unwrap()).to_rfc3339()
    };
    assert!(at(&made.from).starts_with("2025-06-30T22:00:00"), "{}", at(&made.from));
    assert!(at(&made.until).starts_with("2025-07-02T22:00:00"), "{}", at(&made.until));
    assert_eq!(arranged.ended[0].substitution_id, "sub_1");
}

//! Who lives in the town of the walk, what they have, and who is a stranger to it.

use std::fmt::Write as _;

use siegel_db::Db;
use siegel_grpc::Caller;
use siegel_kernel::{OrganisationId, TrustLevel};
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action as Asked;
use siegel_proto::postbox::v1::postbox_admin_service_client::PostboxAdminServiceClient;
use siegel_proto::postbox::v1::upload_attachment_request::Part;
use siegel_walk::{Gate, Stranger, Things as _, Token};

use super::calls::Names;
use crate::start::services;
use crate::store::attachments;
use crate::tests::admin::{hold, operator};
use crate::tests::fakes::{Rule, owner};
use crate::tests::uploads::declared;
use crate::tests::webhooks::{HOOK, hooks};
use crate::tests::world::{
    self, CLIENT, FOREIGN_CLIENT, OTHER_CLIENT, PDF, World, account, attachment, company, formal,
    letter, request,
};

/// A mailbox of the organisation beside its central one.
pub const BESIDE: &str = "omb_00000000000000000000000000000077";

pub struct Town {
    pub world: World,
    pub gate: Gate,
    /// Person 1, and what is in their mailbox.
    pub erika: Names,
    /// Person 2.
    pub max: Names,
    /// The organisation that person 1 is a member of.
    pub company: Names,
    /// Person 1 in the sector of the other tenant.
    abroad: Names,
}

pub fn person(n: u128, level: TrustLevel) -> Token {
    Token::Person { account: account(n), level }
}

pub fn client(client_id: &'static str, tenant: &'static str) -> Token {
    Token::Client { client_id, tenant }
}

pub fn program(number: u128, organisation: OrganisationId) -> Token {
    Token::Program { number, organisation }
}

/// A program of the organisation that reads its central mailbox.
pub const PROGRAM: u128 = 77;
/// One of the same organisation that may read nothing, and one of another organisation.
const IDLE: u128 = 78;
const ALIEN: u128 = 79;

/// One sender and one mailbox, whose owner is person `n` or the organisation they act for.
struct Pair<'a> {
    world: &'a World,
    client_id: &'static str,
    tenant: &'static str,
    n: u128,
    organisation: &'a str,
    handle: String,
    /// Of no other pair.
    tag: String,
}

impl Pair<'_> {
    fn sender(&self) -> Caller {
        world::client(self.client_id, self.tenant)
    }

    fn owner(&self) -> Caller {
        world::person(self.n, TrustLevel::High)
    }

    async fn submit(&self, request: pb::SubmitRequest) -> String {
        let mut sender = self.world.sender_as(self.sender());
        sender.submit(request).await.unwrap().into_inner().letter_id
    }

    /// A letter of formal service that nobody opened.
    async fn deliver(&self, names: &mut Names) {
        let mut request = request(&format!("given {}", self.tag), &self.handle);
        formal(&mut request);
        letter(&mut request).subject = "Zwetschgenmus".into();
        letter(&mut request).case_id.clone_from(&names.case);
        letter(&mut request).bodies[0].plain_text = "Quittengelee".into();
        names.letter = self.submit(request).await;
        let id = names.letter.parse().unwrap();
        let mut tx = self.world.db.read().await.unwrap();
        let sent = crate::store::sent::find(&mut tx, self.client_id, id).await.unwrap().unwrap();
        let files = attachments::of_letter(&mut tx, sent.mailbox_id, id).await.unwrap();
        names.attachment = files[0].id.to_string();
        drop(tx);
        let get = pb::GetSentLetterRequest { letter_id: names.letter.clone() };
        let sent = self.world.sender_as(self.sender()).get_sent_letter(get).await.unwrap();
        names.receipt = sent.into_inner().receipts[0].receipt_id.clone();
    }

    /// A letter that was opened and answered.
    async fn answer(&self, names: &mut Names) {
        let mut request = request(&format!("asked {}", self.tag), &self.handle);
        letter(&mut request).subject = "Zwetschgenmus".into();
        let reply = pb::ReplyAction { form_id: "nachweis-1".into(), due_on: String::new() };
        letter(&mut request).actions = vec![pb::LetterAction { action: Some(Asked::Reply(reply)) }];
        names.answered = self.submit(request).await;
        let mut owner = self.world.reader(self.n, TrustLevel::High);
        let open = pb::OpenRequest {
            request_id: format!("open {}", self.tag),
            letter_id: names.answered.clone(),
            organisation_id: self.organisation.to_owned(),
            ..Default::default()
        };
        owner.open(open).await.unwrap();
        let reply = pb::ReplyRequest {
            request_id: format!("answer {}", self.tag),
            letter_id: names.answered.clone(),
            organisation_id: self.organisation.to_owned(),
            text: "Quittengelee".into(),
            attachments: vec![attachment("Nachweis.pdf", "application/pdf", PDF)],
            upload_ids: Vec::new(),
            ..Default::default()
        };
        names.reply = owner.reply(reply).await.unwrap().into_inner().reply_id;
        let get = pb::GetReplyRequest {
            letter_id: names.answered.clone(),
            reply_id: names.reply.clone(),
        };
        let got = self.world.sender_as(self.sender()).get_reply(get).await.unwrap().into_inner();
        names.reply_file = got.attachments[0].attachment_id.clone();
    }

    /// An upload that a letter may name.
    async fn upload(&self, who: Caller, organisation: &str) -> String {
        let mut uploads = self.world.uploads(who);
        let create = pb::CreateUploadRequest {
            request_id: format!("begin {}", self.tag),
            attachment: Some(declared("a.pdf", "application/pdf", PDF)),
            organisation_id: organisation.to_owned(),
            ..Default::default()
        };
        let begun = uploads.create_upload(create).await.unwrap().into_inner().upload.unwrap();
        let head = pb::UploadAttachmentHead {
            upload_id: begun.upload_id.clone(),
            offset_bytes: 0,
            organisation_id: organisation.to_owned(),
            ..Default::default()
        };
        let parts = [Part::Head(head), Part::Chunk(PDF.to_vec())];
        let parts = parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) });
        uploads.upload_attachment(tokio_stream::iter(parts)).await.unwrap();
        begun.upload_id
    }

    /// A batch that is open and an endpoint.
    async fn prepare(&self, names: &mut Names) {
        let pb::SubmitRequest { request_id, letter, attachments, .. } =
            request("first", &self.handle);
        let letters = vec![pb::BatchLetter { request_id, letter, attachments }];
        names.batch = format!("batch {}", self.tag);
        let fill = pb::SubmitBatchRequest { request_id: names.batch.clone(), letters };
        let filled = self.world.sender_as(self.sender()).submit_batch(fill).await.unwrap();
        assert_eq!(filled.into_inner().refused, []);
        let create = pb::CreateWebhookRequest {
            request_id: format!("listen {}", self.tag),
            url: HOOK.into(),
            cursor: String::new(),
        };
        let mut hooks = hooks(self.world, self.client_id, self.tenant);
        let created = hooks.create_webhook(create).await.unwrap().into_inner();
        names.webhook = created.webhook.unwrap().webhook_id;
    }

    /// A hold on the answered letter that somebody proposes to release.
    async fn hold(&self, names: &mut Names) {
        let channel = self.world.channel(operator("betrieb-1", self.tenant));
        let mut operator = PostboxAdminServiceClient::new(channel);
        let letter_id = names.answered.clone();
        let order = hold(&format!("hold {}", self.tag));
        let order = pb::PlaceLegalHoldRequest { letter_id, ..order };
        names.hold = operator.place_legal_hold(order).await.unwrap().into_inner().hold_id;
        let order = pb::ProposeHoldReleaseRequest {
            request_id: format!("release {}", self.tag),
            hold_id: names.hold.clone(),
        };
        let proposed = operator.propose_hold_release(order).await.unwrap().into_inner();
        let proposal = proposed.proposal.unwrap();
        names.proposal = proposal.proposal_id;
        names.digest.clear();
        for byte in &proposal.digest {
            write!(names.digest, "{byte:02x}").unwrap();
        }
    }
}

/// Letters in a mailbox, and everything that can be named about them.
pub async fn deliver(
    world: &World,
    (client_id, tenant): (&'static str, &'static str),
    (n, organisation): (u128, &str),
) -> Names {
    use pb::issue_handle_request::Owner::{AccountId, OrganisationId};
    let owner = match organisation {
        "" => AccountId(account(n).to_string()),
        organisation => OrganisationId(organisation.to_owned()),
    };
    let handle = world.handle_for(owner, tenant).await;
    let tag = format!("{handle} {client_id}");
    let mut names = Names {
        organisation: organisation.to_owned(),
        mailbox: String::new(),
        principal: String::new(),
        handle: handle.clone(),
        sender: client_id.to_owned(),
        case: format!("GEHEIM-17 {tag}"),
        ..Names::missing()
    };
    let pair = Pair { world, client_id, tenant, n, organisation, handle, tag };
    pair.deliver(&mut names).await;
    pair.answer(&mut names).await;
    pair.prepare(&mut names).await;
    pair.hold(&mut names).await;
    names.upload = pair.upload(pair.owner(), organisation).await;
    names.sent_upload = pair.upload(pair.sender(), "").await;
    names
}

/// A person who owns a mailbox and belongs to an organisation.
pub const MEMBER: &str = "a member";

impl Town {
    pub async fn new(db: Db) -> Self {
        let world = World::with(db, |config| {
            config.operator_tenant = Some("musterstadt".into());
            // Every pair has one.
            config.webhooks.endpoints = 1_000;
        });
        let world = world.await;
        let own = services(&world.postbox);
        let gate = Gate::new("postbox", &own, world.db.clone(), world.clock.clone());
        let at_home = (CLIENT, "musterstadt");
        let erika = deliver(&world, at_home, (1, "")).await;
        let max = deliver(&world, at_home, (2, "")).await;
        let company = deliver(&world, at_home, (1, &company().to_string())).await;
        let abroad = deliver(&world, (FOREIGN_CLIENT, "neustadt"), (1, "")).await;
        // A mailbox of the organisation in which nobody of the town has a right.
        let handle = world.handle_beside(&world::company().to_string(), BESIDE).await;
        let mut beside = request("beside", &handle);
        letter(&mut beside).subject = "Zwetschgenmus".into();
        world.sender().submit(beside).await.unwrap();
        // Attachments of letters that nobody opened are refused, whatever they are.
        let open = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: max.letter.clone(),
            organisation_id: String::new(),
            ..Default::default()
        };
        world.reader(2, TrustLevel::High).open(open).await.unwrap();
        let reads = Rule {
            actions: vec![Action::ReadMail],
            path: "system-user:read-only",
            ..owner(PROGRAM, "")
        };
        world.access.allow(reads);
        world.settle().await;
        Self { world, gate, erika, max, company, abroad }
    }

    pub fn persons(&self) -> Vec<Stranger<Names>> {
        let sender = FOREIGN_CLIENT.to_owned();
        let foreign = Names {
            organisation: company().to_string(),
            mailbox: BESIDE.into(),
            principal: account(1).to_string(),
            sender,
            ..self.erika.clone()
        };
        let stranger = |who, token, own: &Names, foreign: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            foreign: foreign.clone(),
            missing: Names::missing(),
        };
        let nothing = Names::missing();
        let nothing = Names {
            organisation: String::new(),
            mailbox: String::new(),
            principal: String::new(),
            ..nothing
        };
        // What is in the person's own mailbox is not in the organisation's.
        let own_mailbox = Names { organisation: Names::missing().organisation, ..foreign.clone() };
        vec![
            stranger("another person", person(2, TrustLevel::High), &self.max, &foreign),
            stranger("one below the level", person(2, TrustLevel::Basic), &self.max, &foreign),
            stranger("one without a mailbox", person(4, TrustLevel::High), &nothing, &foreign),
            stranger(MEMBER, person(1, TrustLevel::High), &self.company, &own_mailbox),
        ]
    }

    /// Programs: the one that reads the central mailbox is a stranger to all others.
    pub fn programs(&self) -> Vec<Stranger<Names>> {
        let stranger = |who, token, own: &Names, foreign: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            foreign: foreign.clone(),
            missing: Names::missing(),
        };
        let elsewhere = Names {
            mailbox: BESIDE.into(),
            principal: account(1).to_string(),
            organisation: Names::missing().organisation,
            ..self.erika.clone()
        };
        let nothing = Names {
            organisation: String::new(),
            mailbox: String::new(),
            principal: String::new(),
            ..Names::missing()
        };
        let central = Names {
            mailbox: BESIDE.into(),
            principal: account(1).to_string(),
            ..self.company.clone()
        };
        let other = OrganisationId::from_uuid(uuid::Uuid::from_u128(10));
        vec![
            stranger("a program", program(PROGRAM, company()), &self.company, &elsewhere),
            stranger("a program without rights", program(IDLE, company()), &nothing, &central),
            stranger("a program of others", program(ALIEN, other), &nothing, &central),
        ]
    }

    pub fn clients(&self) -> Vec<Stranger<Names>> {
        // Clients act for no organisation and nobody else: what neither has cannot be told apart.
        let alone = |names: &Names, own: &Names| Names {
            organisation: own.organisation.clone(),
            mailbox: own.mailbox.clone(),
            principal: own.principal.clone(),
            ..names.clone()
        };
        let stranger = |who, token, own: &Names, foreign: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            foreign: alone(foreign, own),
            missing: alone(&Names::missing(), own),
        };
        let missing = Names::missing();
        // The handles of one sector are for all of its senders; what was sent is the sender's own.
        let colleague = Names { handle: self.erika.handle.clone(), ..missing.clone() };
        let sent = Names { handle: self.abroad.handle.clone(), ..self.erika.clone() };
        vec![
            stranger("another sender", client(OTHER_CLIENT, "musterstadt"), &colleague, &sent),
            stranger(
                "another tenant",
                client(FOREIGN_CLIENT, "neustadt"),
                &self.abroad,
                &self.erika,
            ),
            stranger("a namesake", client(CLIENT, "neustadt"), &missing, &self.erika),
        ]
    }
}

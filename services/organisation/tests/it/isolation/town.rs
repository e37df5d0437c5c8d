//! Two organisations that know nothing of each other, and people of no organisation.

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_walk::{
    Answer, Asks, Gate, Rows, Rpc, Stranger, Things as _, Token, Walked, rows, until_quiet,
};

use super::names::Names;
use crate::claiming::DAY;
use crate::giving::{given, grant, granting};
use crate::office::Office;
use crate::team::invitation;

pub fn person(account: AccountId) -> Token {
    Token::Person { account, level: TrustLevel::High }
}

pub struct Town {
    pub office: Office,
    pub gate: Gate,
    pub victim: Names,
    pub owner: (AccountId, Names),
    former: AccountId,
    nobody: AccountId,
}

impl Town {
    pub async fn new(db: Db) -> Self {
        let office = Office::open(db.clone()).await;
        let gate = Gate::new("organisation", office.services(), db, office.clock.clone());
        let (victim, former) = (office.somebody(), office.somebody());
        let names = furnish(&office, victim, "Zwetschgenmus GmbH", "1").await;
        // Was there once, and is not any more.
        office.around.confirmed(former, "former@example.org");
        let wanted = invitation(&names.organisation, "former@example.org", pb::Role::Owner);
        office.members(victim).invite_member(wanted).await.unwrap();
        let code = office.around.code("former@example.org").await;
        let accept = pb::AcceptInvitationRequest { request_id: "former".into(), code };
        office.members(former).accept_invitation(accept).await.unwrap();
        let leave = pb::LeaveOrganisationRequest {
            request_id: "former leaves".into(),
            organisation_id: names.organisation.clone(),
        };
        office.members(former).leave_organisation(leave).await.unwrap();
        let other = office.somebody();
        let own = furnish(&office, other, "Andere GmbH", "2").await;
        let nobody = office.somebody();
        Self { office, gate, victim: names, owner: (other, own), former, nobody }
    }

    pub fn strangers(&self) -> [Stranger<Names>; 4] {
        let stranger = |who, token, own: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            foreign: self.victim.clone(),
            missing: Names::missing(),
        };
        let (other, own) = &self.owner;
        let below = Token::Person { account: *other, level: TrustLevel::Basic };
        [
            stranger("another owner", person(*other), own),
            stranger("one below the level", below, own),
            stranger("a former owner", person(self.former), &Names::missing()),
            stranger("somebody", person(self.nobody), &Names::missing()),
        ]
    }

    /// A new organisation with everything in it, and its owner.
    pub async fn settle(&mut self, n: usize) -> (AccountId, Names) {
        let owner = self.office.somebody();
        let number = format!("{}", 100 + n);
        let names = furnish(&self.office, owner, "Eigene GmbH", &number).await;
        (owner, names.asking(format!("own {n}")))
    }
}

impl Asks for Town {
    /// The wrong codes of before do not count.
    async fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        self.office.run("DELETE FROM code_attempts".into()).await;
        self.gate.call(rpc, token, messages).await
    }
}

impl Walked<Names> for Town {
    /// But for the wrong codes, which count.
    async fn stored(&self) -> Rows {
        until_quiet(&self.office.db).await;
        rows(&self.office.db, &["audit", "code_attempts"]).await
    }
}

/// An organisation of this owner with one of everything.
async fn furnish(office: &Office, owner: AccountId, name: &str, number: &str) -> Names {
    let organisation = office.registered(owner, name, number).await;
    let (mut record, mut members) = (office.record(owner), office.members(owner));
    let unit = pb::CreateUnitRequest {
        request_id: format!("unit {organisation}"),
        organisation_id: organisation.clone(),
        name: "Zwetschgenmus".into(),
        parent_unit_id: String::new(),
    };
    let unit = record.create_unit(unit).await.unwrap().into_inner().unit_id;
    let point = pb::AddContactPointRequest {
        request_id: format!("point {organisation}"),
        organisation_id: organisation.clone(),
        kind: pb::ContactKind::Email.into(),
        value: "zwetschge@example.org".into(),
        label: String::new(),
        unit_id: String::new(),
    };
    let contact_point =
        record.add_contact_point(point).await.unwrap().into_inner().contact_point_id;
    let heir = office.joined(owner, &organisation, pb::Role::CaseWorker).await;
    let member = office.membership(heir, &organisation).await.membership_id;
    let wanted = invitation(&organisation, &format!("{number}@example.org"), pb::Role::ReadOnly);
    let invitation_id = members.invite_member(wanted).await.unwrap().into_inner().invitation_id;
    let code = office.around.code(&format!("{number}@example.org")).await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let program = pb::RegisterSystemUserRequest {
        request_id: format!("program {organisation}"),
        organisation_id: organisation.clone(),
        name: "Poststelle".into(),
        role: pb::Role::ReadOnly.into(),
        jwk: serde_json::to_string(key.public_jwk()).unwrap(),
    };
    let program = members.register_system_user(program).await.unwrap().into_inner();
    let claim = pb::ClaimOrganisationRequest {
        request_id: format!("claim {organisation}"),
        organisation_id: organisation.clone(),
        method: pb::ClaimMethod::Certificate.into(),
        claimant_name: "Erika Mustermann".into(),
    };
    let claim = office.claims(owner).claim_organisation(claim).await.unwrap().into_inner().claim;
    let own_member = office.membership(owner, &organisation).await.membership_id;
    let members = (own_member.as_str(), member.as_str());
    let (mailbox, substitution) = mailboxes(office, owner, members, &organisation).await;
    office.mailbox_for(&organisation, "Zwetschgenamt").await;
    let route = office.route(owner, &organisation, "Zwetschgenamt").await.route_id;
    let (mandate, mandate_code) = mandates(office, owner, heir, &organisation).await;
    Names {
        request_id: String::new(),
        organisation,
        unit,
        contact_point,
        member,
        own_member,
        mailbox,
        substitution,
        route,
        invitation: invitation_id,
        system_user: program.system_user_id,
        claim: claim.unwrap().claim_id,
        code,
        mandate,
        mandate_code,
    }
}

/// A mailbox in which the other member has a right, and a substitution of theirs.
async fn mailboxes(
    office: &Office,
    owner: AccountId,
    (own, other): (&str, &str),
    organisation: &str,
) -> (String, String) {
    let mut rights = office.rights(owner, TrustLevel::High);
    let create = pb::CreateMailboxRequest {
        request_id: format!("mailbox {organisation}"),
        organisation_id: organisation.into(),
        kind: pb::MailboxKind::Function.into(),
        name: "Zwetschgenmus".into(),
        ..Default::default()
    };
    let mailbox = rights.create_mailbox(create).await.unwrap().into_inner().mailbox.unwrap();
    let holder = pb::mailbox_holder::Holder::MemberId(other.into());
    let set = pb::SetMailboxRightsRequest {
        request_id: format!("right {organisation}"),
        organisation_id: organisation.into(),
        mailbox_id: mailbox.mailbox_id.clone(),
        holder: Some(pb::MailboxHolder { holder: Some(holder) }),
        rights: vec![pb::MailboxRight::Reply.into()],
    };
    rights.set_mailbox_rights(set).await.unwrap();
    let now = office.clock.now();
    let stand_in = pb::CreateSubstitutionRequest {
        request_id: format!("substitution {organisation}"),
        organisation_id: organisation.into(),
        kind: pb::SubstitutionKind::Absence.into(),
        absent_member_id: other.into(),
        substitute_member_id: own.into(),
        mailbox_id: None,
        from: Some(siegel_proto::convert::timestamp(now)),
        until: Some(siegel_proto::convert::timestamp(now.plus(DAY))),
    };
    let made = rights.create_substitution(stand_in).await.unwrap().into_inner();
    (mailbox.mailbox_id, made.substitution.unwrap().substitution_id)
}

/// A mandate that a member holds, and the code of one that waits for an organisation.
async fn mandates(
    office: &Office,
    owner: AccountId,
    member: AccountId,
    organisation: &str,
) -> (String, String) {
    let request = |id: &str| pb::GrantMandateRequest {
        organisation_id: organisation.into(),
        to_name: "Zwetschgenmus".into(),
        ..granting(office, &format!("{id} {organisation}"))
    };
    let held = given(office, owner, request("held"), member).await.mandate_id;
    let waits = pb::GrantMandateRequest {
        to_kind: pb::HolderKind::Organisation.into(),
        to_organisation_id: format!("org_{:032x}", 5),
        ..request("waits")
    };
    (held, grant(office, owner, waits).await.unwrap().code)
}

use siegel_crypto::{b64, sha256};
use siegel_grpc::invalid;
use siegel_kernel::TrustLevel;
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_service_server::AccessService;
use siegel_proto::organisation::v1::{
    CheckAccessRequest, CheckAccessResponse, ListAuthorisedPartiesRequest,
    ListAuthorisedPartiesResponse,
};
use tonic::{Request, Response, Status};

use super::mandate_status::status;
use super::{parties, terms};
use crate::app::{App, Asked};
use crate::domain::mailbox::Place;
use crate::domain::{Action, Answer, Denied, Party, ProgramQuestion, Question};

/// Most questions in one call.
const MOST: usize = 1_000;
/// Parties of one page: at most, and when nothing is said.
const PARTIES: (usize, usize) = (1_000, 100);

/// Decisions for other services.
pub struct Access(pub App);

#[tonic::async_trait]
impl AccessService for Access {
    #[tracing::instrument(name = "organisation.access.check", skip_all)]
    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        let wire = request.into_inner().questions;
        if wire.len() > MOST {
            return Err(invalid(&[("questions", "are more than 1,000")]));
        }
        let (mut people, mut programs) = (Vec::new(), Vec::new());
        // In which of the two each answer will be.
        let mut of_program = Vec::with_capacity(wire.len());
        for (i, question) in wire.into_iter().enumerate() {
            of_program.push(!question.system_user_id.is_empty());
            if question.system_user_id.is_empty() {
                people.push(read(i, question)?);
            } else {
                programs.push(read_program(i, &question)?);
            }
        }
        let people = self.0.check_access(&people).await.map_err(|e| status(&e))?;
        let programs = match programs.as_slice() {
            [] => Vec::new(),
            some => self.0.check_programs(some).await.map_err(|e| status(&e))?,
        };
        let (mut people, mut programs) = (people.into_iter(), programs.into_iter());
        let answers = of_program
            .into_iter()
            .filter_map(|program| if program { programs.next() } else { people.next() })
            .map(written)
            .collect();
        Ok(Response::new(CheckAccessResponse { answers }))
    }

    #[tracing::instrument(name = "organisation.access.parties", skip_all)]
    async fn list_authorised_parties(
        &self,
        request: Request<ListAuthorisedPartiesRequest>,
    ) -> Result<Response<ListAuthorisedPartiesResponse>, Status> {
        let wire = request.get_ref();
        let account = wire.account_id.parse();
        let account = account.map_err(|_| invalid(&[("account_id", "is no account id")]))?;
        let limit = terms::page_size(wire.page_size, PARTIES);
        let page = self.0.authorised_parties(account, &wire.page_token, limit).await;
        let page = page.map_err(|e| status(&e))?;
        Ok(Response::new(ListAuthorisedPartiesResponse {
            parties: page.parties.into_iter().map(parties::written).collect(),
            next_page_token: page.next.map(|id| id.to_string()).unwrap_or_default(),
        }))
    }
}

fn bad(i: usize, field: &str, problem: &str) -> Status {
    invalid(&[(format!("questions[{i}].{field}").as_str(), problem)])
}

fn place(i: usize, wire: &pb::AccessQuestion) -> Result<Place, Status> {
    let mailbox = wire.about.as_ref().map_or("", |about| about.mailbox_id.as_str());
    Place::parse(mailbox).ok_or_else(|| bad(i, "about.mailbox_id", "is no mailbox id"))
}

fn action(i: usize, wire: &pb::AccessQuestion) -> Result<Action, Status> {
    Action::from_number(wire.action).ok_or_else(|| bad(i, "action", "is no action"))
}

fn read_program(i: usize, wire: &pb::AccessQuestion) -> Result<ProgramQuestion, Status> {
    let others = [
        ("account_id", &wire.account_id),
        ("principal_account_id", &wire.principal_account_id),
        ("mandate_id", &wire.mandate_id),
    ];
    if let Some((field, _)) = others.into_iter().find(|(_, text)| !text.is_empty()) {
        return Err(bad(i, field, "stands beside a program"));
    }
    let program = wire.system_user_id.parse();
    let organisation = wire.organisation_id.parse();
    Ok(ProgramQuestion {
        program: program.map_err(|_| bad(i, "system_user_id", "is no program id"))?,
        organisation: organisation
            .map_err(|_| bad(i, "organisation_id", "is no organisation id"))?,
        action: action(i, wire)?,
        place: place(i, wire)?,
    })
}

fn read(i: usize, wire: pb::AccessQuestion) -> Result<Asked, Status> {
    let bad = |field: &str, problem: &str| bad(i, field, problem);
    let party = match (wire.organisation_id.as_str(), wire.principal_account_id.as_str()) {
        (organisation, "") => organisation
            .parse()
            .map(Party::Organisation)
            .map_err(|_| bad("organisation_id", "is no organisation id"))?,
        ("", person) => person
            .parse()
            .map(Party::Person)
            .map_err(|_| bad("principal_account_id", "is no account id"))?,
        _ => return Err(bad("principal_account_id", "stands beside an organisation")),
    };
    let mandate = match wire.mandate_id.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| bad("mandate_id", "is no mandate id"))?),
    };
    place(i, &wire)?;
    let question = Question {
        account: wire.account_id.parse().map_err(|_| bad("account_id", "is no account id"))?,
        party,
        action: action(i, &wire)?,
        // Who says nothing has proven nothing.
        level: convert::level(wire.session_level).unwrap_or(TrustLevel::Basic),
        about: wire.about.map(terms::scope).unwrap_or_default(),
        mandate,
    };
    Ok(Asked { question, record: wire.record })
}

fn written(answer: Answer) -> pb::AccessAnswer {
    match answer {
        Ok(allowed) => {
            let (mandate_id, mandate_version) = match allowed.mandate {
                Some((id, version)) => (id.to_string(), version),
                None => (String::new(), 0),
            };
            pb::AccessAnswer {
                allowed: true,
                path_digest: b64::encode(sha256(allowed.path.as_bytes())),
                path: allowed.path,
                mandate_id,
                mandate_version,
                by_substitution: allowed.by_substitution,
                member_id: allowed.member.map(|id| id.to_string()).unwrap_or_default(),
                ..Default::default()
            }
        }
        Err(denied) => pb::AccessAnswer {
            reason: denied.reason().to_owned(),
            needed_level: match denied {
                Denied::TrustTooLow { needed } => common::TrustLevel::from(needed).into(),
                _ => 0,
            },
            ..Default::default()
        },
    }
}

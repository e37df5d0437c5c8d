use siegel_grpc::{invalid, refusal};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::own_party_service_server::OwnPartyService;
use tonic::{Code, Request, Response, Status};

use super::mandate_status::status;
use super::read::account;
use super::terms;
use crate::app::{App, AuthorisedParty};
use crate::domain::Party;

/// Parties of one page: at most, and when nothing is said.
const PARTIES: (usize, usize) = (100, 20);
/// Longest filter, in characters.
const LONGEST: usize = 200;

/// For whom somebody may act, as they see it themself.
pub struct OwnParties(pub App);

#[tonic::async_trait]
impl OwnPartyService for OwnParties {
    #[tracing::instrument(name = "organisation.own_parties.list", skip_all)]
    async fn list_own_parties(
        &self,
        request: Request<pb::ListOwnPartiesRequest>,
    ) -> Result<Response<pb::ListOwnPartiesResponse>, Status> {
        let account = account(&request)?;
        let wire = request.get_ref();
        let name = wire.name_contains.trim();
        if name.chars().count() > LONGEST {
            return Err(invalid(&[("name_contains", "has more than 200 characters")]));
        }
        let limit = terms::page_size(wire.page_size, PARTIES);
        let page = if name.is_empty() {
            self.0.authorised_parties(account, &wire.page_token, limit).await
        } else {
            self.0.parties_named(account, name, &wire.page_token, limit).await
        };
        let page = page.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ListOwnPartiesResponse {
            parties: page.parties.into_iter().map(written).collect(),
            next_page_token: page.next.map(|id| id.to_string()).unwrap_or_default(),
        }))
    }

    #[tracing::instrument(name = "organisation.own_parties.get", skip_all)]
    async fn get_own_party(
        &self,
        request: Request<pb::GetOwnPartyRequest>,
    ) -> Result<Response<pb::GetOwnPartyResponse>, Status> {
        let account = account(&request)?;
        let wire = request.get_ref();
        let party = match (wire.organisation_id.as_str(), wire.principal_account_id.as_str()) {
            (organisation, "") => organisation.parse().map(Party::Organisation).ok(),
            ("", person) => person.parse().map(Party::Person).ok(),
            _ => return Err(invalid(&[("principal_account_id", "stands beside an organisation")])),
        };
        let found = match party {
            Some(party) => self.0.authorised_party(account, party).await.map_err(|e| status(&e))?,
            None => None,
        };
        let unknown = || refusal(Code::NotFound, "PARTY_UNKNOWN", "nobody to act for", []);
        let party = found.map(written).ok_or_else(unknown)?;
        Ok(Response::new(pb::GetOwnPartyResponse { party: Some(party) }))
    }
}

pub fn written(found: AuthorisedParty) -> pb::AuthorisedParty {
    let id = |text: Option<String>| text.unwrap_or_default();
    pb::AuthorisedParty {
        organisation_id: id(found.party.organisation().map(|id| id.to_string())),
        principal_account_id: id(found.party.person().map(|id| id.to_string())),
        name: found.name,
        kinds: found.kinds.into_iter().map(str::to_owned).collect(),
    }
}

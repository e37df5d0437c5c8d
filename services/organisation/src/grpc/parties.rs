use siegel_grpc::invalid;
use siegel_proto::organisation::v1 as pb;
use tonic::Status;

use super::status::status;
use crate::app::App;

/// Parties of a page when the caller names no number, and the most there are.
const USUAL: usize = 100;
const MOST: usize = 1_000;

/// One page of those an account may act for; a page token is the number of those before it.
pub async fn list(
    app: &App,
    request: pb::ListAuthorisedPartiesRequest,
) -> Result<pb::ListAuthorisedPartiesResponse, Status> {
    let account = request.account_id.parse();
    let account = account.map_err(|_| invalid(&[("account_id", "is no account id")]))?;
    let size = match usize::try_from(request.page_size) {
        Ok(0) => USUAL,
        Ok(size) => size.min(MOST),
        Err(_) => return Err(invalid(&[("page_size", "is negative")])),
    };
    let before = match request.page_token.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| invalid(&[("page_token", "was not made here")]))?,
    };
    let mut found = app.parties(account, before, size + 1).await.map_err(|e| status(&e))?;
    let more = found.len() > size;
    found.truncate(size);
    let parties = found.into_iter().map(|party| pb::AuthorisedParty {
        organisation_id: party.organisation.to_string(),
        name: party.name,
        kinds: vec!["member".to_owned()],
        ..pb::AuthorisedParty::default()
    });
    Ok(pb::ListAuthorisedPartiesResponse {
        parties: parties.collect(),
        next_page_token: if more { (before + size).to_string() } else { String::new() },
    })
}

//! The page for whoever holds a letter.

use siegel_grpc::{exhausted, refusal};
use siegel_proto::organisation::v1::claim_revocation_service_server::{
    ClaimRevocationService, ClaimRevocationServiceServer,
};
use siegel_proto::organisation::v1::{RevokeClaimRequest, RevokeClaimResponse};
use tonic::{Code, Request, Response, Status};

use super::world::World;

/// Knows one letter, and one account name that was tried too often.
pub struct Letters;

pub fn letters() -> ClaimRevocationServiceServer<Letters> {
    ClaimRevocationServiceServer::new(Letters)
}

#[tonic::async_trait]
impl ClaimRevocationService for Letters {
    async fn revoke_claim(
        &self,
        request: Request<RevokeClaimRequest>,
    ) -> Result<Response<RevokeClaimResponse>, Status> {
        let wire = request.into_inner();
        match (wire.account_name.as_str(), wire.code.as_str()) {
            ("K7QF", "RIGHT") => Ok(Response::new(RevokeClaimResponse {})),
            ("TIRED", _) => {
                let wait = std::time::Duration::from_mins(1);
                Err(exhausted("TOO_MANY_ATTEMPTS", "too many", [], wait))
            }
            _ => Err(refusal(Code::NotFound, "CODE_UNKNOWN", "unknown", [])),
        }
    }
}

const PAGE: &str = "/organisation/revoke";

#[tokio::test]
async fn the_code_of_a_letter_is_typed_without_logging_in() {
    let mut world = World::new().await;
    let page = world.browser.get(PAGE).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let typed = [("account_name", "K7QF"), ("code", "RIGHT")];
    let page = world.browser.post(PAGE, &typed).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Die Inanspruchnahme ist beendet."), "{}", page.body);
}

#[tokio::test]
async fn a_wrong_code_and_one_too_many_are_told_on_the_page_and_never_in_an_address() {
    let mut world = World::new().await;
    world.browser.get(PAGE).await;
    let page = world.browser.post(PAGE, &[("account_name", "K7QF"), ("code", "WRONG")]).await;
    assert!(page.location.is_none() && page.body.contains("Kontoname oder Code stimmt nicht"));
    assert!(!page.body.contains("WRONG"), "a code is not shown again");
    let page = world.browser.post(PAGE, &[("account_name", "TIRED"), ("code", "x")]).await;
    assert!(page.body.contains("zu viele falsche Codes"));
}

#[tokio::test]
async fn the_pages_of_members_and_records_ask_strangers_to_log_in() {
    let world = World::new().await;
    for page in ["/members", "/record"] {
        let asked = world.stranger().get(&format!("/organisation/org_1{page}")).await;
        assert_eq!(asked.status, 303);
        assert!(asked.location.unwrap().starts_with("/account/login?"));
    }
    let asked = world.stranger().get("/organisation/invitation").await;
    assert_eq!(asked.status, 303);
}

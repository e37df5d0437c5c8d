//! Between proto and use cases. No rules here.

mod status;

use std::sync::Arc;

use siegel_grpc::{caller, digest, invalid};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert::timestamp;
use siegel_proto::eid::v1::identification_service_server::IdentificationService;
use siegel_proto::eid::v1::{
    EidAttribute, FetchIdentificationRequest, FetchIdentificationResponse, Outcome,
    StartIdentificationRequest, StartIdentificationResponse,
};
use tonic::{Request, Response, Status};

use crate::app::{App, Fetched, StartIdentification};
use crate::domain::Ending;

/// `siegel.eid.v1.IdentificationService`.
pub struct Identifications {
    app: Arc<App>,
}

impl Identifications {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl IdentificationService for Identifications {
    async fn start_identification(
        &self,
        request: Request<StartIdentificationRequest>,
    ) -> Result<Response<StartIdentificationResponse>, Status> {
        let caller = sibling(&request)?;
        let message = request.get_ref();
        let order = StartIdentification {
            caller: &caller,
            request_id: &message.request_id,
            digest: digest(message),
            attributes: &message.attributes,
            purpose: &message.purpose,
            return_url: &message.return_url,
            locale: &message.locale,
        };
        let started = self.app.start(order).await.map_err(|error| status::of_start(&error))?;
        Ok(Response::new(StartIdentificationResponse {
            session_id: started.session.to_string(),
            browser_url: started.browser_url,
        }))
    }

    async fn fetch_identification(
        &self,
        request: Request<FetchIdentificationRequest>,
    ) -> Result<Response<FetchIdentificationResponse>, Status> {
        let caller = sibling(&request)?;
        let id = request.get_ref().session_id.parse();
        let id = id.map_err(|_| invalid(&[("session_id", "is no id of an identification")]))?;
        let fetched = self.app.fetch(&caller, id, &request.get_ref().ticket).await;
        fetched.map(|f| Response::new(f.into())).map_err(|error| status::of_fetch(&error))
    }
}

/// The calling service's name for idempotency and audit.
fn sibling<T>(request: &Request<T>) -> Result<String, Status> {
    let caller = caller(request)?;
    caller.sibling()?;
    Ok(caller.name())
}

impl From<Fetched> for FetchIdentificationResponse {
    fn from(fetched: Fetched) -> Self {
        let outcome = match fetched.ending {
            Ending::Identified { .. } => Outcome::Identified,
            Ending::Cancelled => Outcome::Cancelled,
            Ending::Failed => Outcome::Failed,
        };
        let mut response =
            Self { outcome: outcome.into(), source: fetched.source.to_owned(), ..Self::default() };
        if let Some(identity) = fetched.identity {
            response.level = TrustLevel::from(identity.level).into();
            response.pseudonym = identity.pseudonym;
            response.identified_at = Some(timestamp(fetched.ended_at));
            let attributes = identity.attributes.into_iter();
            response.attributes = attributes
                .map(|(claim, value)| EidAttribute { name: claim.to_string(), value })
                .collect();
        }
        response
    }
}

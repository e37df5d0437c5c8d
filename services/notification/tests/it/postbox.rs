//! A postbox that is asked whether a letter is still unopened.

use std::sync::{Arc, Mutex};

use siegel_grpc::GrpcServices;
use siegel_proto::postbox::v1::reminder_service_server::{ReminderService, ReminderServiceServer};
use siegel_proto::postbox::v1::{CheckReminderRequest, CheckReminderResponse};
use tonic::{Request, Response, Status};

/// `None`: it is out of reach.
#[derive(Clone)]
pub struct Postbox {
    answer: Arc<Mutex<Option<bool>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Postbox {
    pub fn new() -> Self {
        Self { answer: Arc::new(Mutex::new(Some(true))), asked: Arc::default() }
    }

    pub fn services(&self) -> GrpcServices {
        GrpcServices::new().add(ReminderServiceServer::new(self.clone()))
    }

    pub fn answer(&self, still_unopened: Option<bool>) {
        *self.answer.lock().unwrap() = still_unopened;
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl ReminderService for Postbox {
    async fn check_reminder(
        &self,
        request: Request<CheckReminderRequest>,
    ) -> Result<Response<CheckReminderResponse>, Status> {
        self.asked.lock().unwrap().push(request.into_inner().subject_id);
        match *self.answer.lock().unwrap() {
            Some(still_unopened) => Ok(Response::new(CheckReminderResponse { still_unopened })),
            None => Err(Status::unavailable("")),
        }
    }
}

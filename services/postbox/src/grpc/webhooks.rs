use siegel_grpc::caller;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1::webhook_service_server::WebhookService;
use siegel_proto::postbox::v1::{
    self as pb, CreateWebhookRequest, CreateWebhookResponse, DeleteWebhookRequest,
    DeleteWebhookResponse, ListDeadLettersRequest, ListDeadLettersResponse, ListWebhooksRequest,
    ListWebhooksResponse, RedeliverDeadLetterRequest, RedeliverDeadLetterResponse,
};
use tonic::{Request, Response, Status};

use super::{convert, status};
use crate::app::Postbox;
use crate::app::events::write_cursor;
use crate::app::submit::SenderClient;
use crate::app::webhooks::{Dead, Webhook, WebhookError};
use crate::domain::WebhookId;

/// `WebhookService`
#[derive(Clone)]
pub struct WebhookServer(pub Postbox);

fn client<T>(request: &Request<T>) -> Result<SenderClient, Status> {
    let caller = caller(request)?;
    let (client_id, tenant) = caller.client()?;
    Ok(SenderClient {
        client_id: client_id.to_owned(),
        tenant: tenant.to_owned(),
        name: caller.name(),
    })
}

fn id(text: &str) -> Result<WebhookId, Status> {
    convert::id(text).ok_or_else(|| status::webhook(&WebhookError::Unknown))
}

#[tonic::async_trait]
impl WebhookService for WebhookServer {
    async fn create_webhook(
        &self,
        request: Request<CreateWebhookRequest>,
    ) -> Result<Response<CreateWebhookResponse>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        let address = (message.url.as_str(), message.cursor.as_str());
        let created = self.0.create_webhook(&who, &message.request_id, address).await;
        let webhook = wire(created.map_err(|e| status::webhook(&e))?);
        Ok(Response::new(CreateWebhookResponse { webhook: Some(webhook) }))
    }

    async fn list_webhooks(
        &self,
        request: Request<ListWebhooksRequest>,
    ) -> Result<Response<ListWebhooksResponse>, Status> {
        let who = client(&request)?;
        let found = self.0.webhooks_of(&who).await.map_err(|e| status::webhook(&e))?;
        let webhooks = found.into_iter().map(wire).collect();
        Ok(Response::new(ListWebhooksResponse { webhooks }))
    }

    async fn delete_webhook(
        &self,
        request: Request<DeleteWebhookRequest>,
    ) -> Result<Response<DeleteWebhookResponse>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        let webhook = id(&message.webhook_id)?;
        let deleted = self.0.delete_webhook(&who, &message.request_id, webhook).await;
        deleted.map_err(|e| status::webhook(&e))?;
        Ok(Response::new(DeleteWebhookResponse {}))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.dead_letters(&who, id(&message.webhook_id)?, page).await;
        let (dead, next_page_token) = found.map_err(|e| status::webhook(&e))?;
        let dead_letters = dead.iter().map(dead_letter).collect();
        Ok(Response::new(ListDeadLettersResponse { dead_letters, next_page_token }))
    }

    async fn redeliver_dead_letter(
        &self,
        request: Request<RedeliverDeadLetterRequest>,
    ) -> Result<Response<RedeliverDeadLetterResponse>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        let place = (id(&message.webhook_id)?, message.event_id.as_str());
        let dead = self.0.redeliver(&who, &message.request_id, place).await;
        let dead = dead_letter(&dead.map_err(|e| status::webhook(&e))?);
        Ok(Response::new(RedeliverDeadLetterResponse { dead_letter: Some(dead) }))
    }
}

fn wire(webhook: Webhook) -> pb::Webhook {
    let row = webhook.row;
    pb::Webhook {
        webhook_id: row.id.to_string(),
        url: webhook.url,
        created_at: Some(timestamp(row.created_at)),
        cursor: write_cursor(row.position),
        failed_attempts: row.attempts,
        next_attempt_at: (row.attempts > 0).then(|| timestamp(row.due_at)),
        last_failure: row.last_failure,
    }
}

fn dead_letter(dead: &Dead) -> pb::DeadLetter {
    pb::DeadLetter {
        event_id: write_cursor(dead.row.position),
        letter_id: dead.pointer.letter.to_string(),
        kind: dead.kind.clone(),
        state: convert::state(&dead.pointer.state).into(),
        occurred_at: Some(timestamp(dead.occurred_at)),
        given_up_at: Some(timestamp(dead.row.given_up_at)),
        last_failure: dead.row.last_failure.clone(),
        redelivering: dead.row.due_at.is_some(),
    }
}

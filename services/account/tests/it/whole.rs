//! An account that holds something of every kind.

use siegel_db::{Db, StoreError, columns, on};
use siegel_kernel::AccountId;
use siegel_proto::account::v1 as pb;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status};

use crate::documents::{bytes, grant, redeem, store};
use crate::office::Office;
use crate::receipts;
use siegel_proto::identity::v1::deletion_service_server::DeletionService;
use siegel_proto::identity::v1::{
    AcknowledgeDeletionRequest, AcknowledgeDeletionResponse, WatchDeletionsRequest,
    WatchDeletionsResponse,
};
use tokio::sync::watch;

/// Attributes and one that does not apply, a consent with its receipt, a release, a document that
/// was granted and fetched, and a new card that waits.
pub async fn whole(office: &mut Office, email: &str) -> AccountId {
    let account = office.account(email).await;
    let old = [("given_name", "Erika"), ("family_name", "Gabler"), ("city", "Köln")];
    office.card(account, &old).await;
    let absent = pb::SetAttributeRequest {
        request_id: office.fresh(),
        name: "birth_name".into(),
        not_applicable: true,
        ..pb::SetAttributeRequest::default()
    };
    office.person(account).set_attribute(absent).await.unwrap();
    receipts::give(office, account).await;
    let release = pb::ReleaseAttributesRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        client_id: "portal".into(),
        client_name: "Bürgerportal".into(),
        attributes: vec!["given_name".into()],
        purpose: "Antrag".into(),
        session_level: 3,
    };
    office.registry.release_attributes(release).await.unwrap();
    let document = store(office, account, &office.fresh(), &bytes(1_000)).await;
    let grant = grant(office, account, &document.document_id, true).await;
    redeem(office, "bauamt", &office.fresh(), &grant.grant_id).await.unwrap();
    let new = [("given_name", "Erika"), ("family_name", "Gabler"), ("city", "Kiel")];
    office.card(account, &new).await;
    account
}

/// Every value of a column as bytes: BLOBs and `bytea` as they are, the rest as text.
pub async fn values(db: &Db, table: &str, column: &str) -> Vec<Vec<u8>> {
    const TYPE: &str = "SELECT data_type::text FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2";
    let read = async {
        let mut tx = db.read().await?;
        let as_bytes = match &mut tx {
            siegel_db::Tx::Sqlite(_) => format!("CAST({column} AS BLOB)"),
            siegel_db::Tx::Postgres(tx) => {
                let kind: String =
                    sqlx::query_scalar(TYPE).bind(table).bind(column).fetch_one(&mut **tx).await?;
                match kind.as_str() {
                    "bytea" => column.to_owned(),
                    _ => format!("convert_to({column}::text, 'UTF8')"),
                }
            }
        };
        let sql = format!("SELECT {as_bytes} FROM {table} WHERE {column} IS NOT NULL");
        let sql = sqlx::AssertSqlSafe(sql);
        Ok::<_, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await?))
    };
    read.await.unwrap()
}

/// Every value of every table, one after the other.
pub async fn everything(db: &Db) -> Vec<u8> {
    let mut all = Vec::new();
    for column in columns(db).await.unwrap() {
        for value in values(db, &column.table_name, &column.column_name).await {
            all.extend(value);
            all.push(b'\n');
        }
    }
    all
}

/// Identity's feed of deletions, and what was answered.
#[derive(Clone)]
pub struct Deletions {
    orders: std::sync::Arc<watch::Sender<Option<AccountId>>>,
    done: std::sync::Arc<watch::Sender<Vec<String>>>,
}

impl Default for Deletions {
    fn default() -> Self {
        let orders = std::sync::Arc::new(watch::Sender::new(None));
        Self { orders, done: std::sync::Arc::new(watch::Sender::new(Vec::new())) }
    }
}

impl Deletions {
    /// Orders a deletion and waits for the answer that nothing is left.
    pub async fn delete(&self, account: AccountId) {
        self.orders.send_replace(Some(account));
        let mut done = self.done.subscribe();
        let waiting = done.wait_for(|all| all.contains(&account.to_string()));
        tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.unwrap().unwrap();
    }
}

#[tonic::async_trait]
impl DeletionService for Deletions {
    type WatchDeletionsStream = UnboundedReceiverStream<Result<WatchDeletionsResponse, Status>>;

    async fn watch_deletions(
        &self,
        _: Request<WatchDeletionsRequest>,
    ) -> Result<Response<Self::WatchDeletionsStream>, Status> {
        let (told, stream) = tokio::sync::mpsc::unbounded_channel();
        let mut orders = self.orders.subscribe();
        tokio::spawn(async move {
            while let Ok(order) = orders.wait_for(Option::is_some).await.map(|order| *order) {
                let account_id = order.map(|account| account.to_string()).unwrap_or_default();
                let message = WatchDeletionsResponse { account_id, subject: String::new() };
                if told.send(Ok(message)).is_err() || orders.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(UnboundedReceiverStream::new(stream)))
    }

    async fn acknowledge_deletion(
        &self,
        request: Request<AcknowledgeDeletionRequest>,
    ) -> Result<Response<AcknowledgeDeletionResponse>, Status> {
        let answer = request.into_inner();
        assert_eq!(answer.waits_for, "");
        self.done.send_modify(|all| all.push(answer.account_id));
        Ok(Response::new(AcknowledgeDeletionResponse {}))
    }
}

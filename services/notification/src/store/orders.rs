use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, typed_id};

use crate::domain::State;

typed_id! {
    /// An ordered mail.
    OrderId = "ntf", time_ordered
}

/// A fresh order.
pub struct NewOrder<'a> {
    pub id: OrderId,
    pub caller: &'a str,
    pub request_id: &'a str,
    pub state: State,
    /// Sealed; `None` when there is nothing to send.
    pub mail: Option<Vec<u8>>,
    /// Audit pseudonym of the account it is for; empty for organisations and codes.
    pub recipient_name: &'a str,
    pub at: Timestamp,
}

/// An order that waits for its mail to leave.
#[derive(Clone, sqlx::FromRow)]
pub struct Waiting {
    /// Sealed.
    pub mail: Vec<u8>,
    #[sqlx(rename = "ordered_at_us")]
    pub ordered_at: Timestamp,
}

pub async fn add(tx: &mut Tx, order: &NewOrder<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO orders (id, caller, request_id, state, mail, ordered_at_us, \
        recipient_name) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(SQL)
        .bind(order.id).bind(order.caller).bind(order.request_id)
        .bind(i64::from(order.state.number())).bind(order.mail.as_deref()).bind(order.at)
        .bind(order.recipient_name)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// `None` when it is settled.
pub async fn waiting(tx: &mut Tx, id: OrderId) -> Result<Option<Waiting>, StoreError> {
    const SQL: &str = "SELECT mail, ordered_at_us FROM orders \
        WHERE id = $1 AND state = 1 AND mail IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// The state of the order that `caller` made under this request id.
pub async fn state(
    tx: &mut Tx,
    caller: &str,
    request_id: &str,
) -> Result<Option<State>, StoreError> {
    const SQL: &str = "SELECT state FROM orders WHERE caller = $1 AND request_id = $2";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(caller).bind(request_id).fetch_optional(c).await?);
    found
        .map(|n| State::from_number(n).ok_or_else(|| StoreError::corrupt("state of an order")))
        .transpose()
}

/// Ends an order and wipes its mail; nothing happens to one that has ended already. `reply` is
/// the mail server's code (RFC 5321 §4.2).
pub async fn settle(
    tx: &mut Tx,
    id: OrderId,
    state: State,
    reply: Option<u16>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE orders SET state = $2, reply_code = $3, settled_at_us = $4, \
        mail = NULL WHERE id = $1 AND state = 1";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(i64::from(state.number())).bind(reply.map(i64::from)).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

//! Registered clients, read once: a registration is parsed again only when its row changed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use siegel_crypto::KeySet;
use siegel_db::{StoreError, Tx};

use crate::domain::client::Client;
use crate::domain::program::Program;
use crate::store::clients;

/// Above this many clients the cache starts anew; an installation has hundreds.
const MOST: usize = 10_000;

/// A client as parsed from its row.
#[derive(Debug)]
pub struct Registered {
    pub client: Arc<Client>,
    /// The inline key set, if it has one that can be read.
    pub keys: Option<KeySet>,
    /// Of an organisation's program, which no table here holds.
    pub program: Option<Program>,
}

#[derive(Debug)]
struct Known {
    /// The row it was read from.
    text: String,
    registered: Arc<Registered>,
}

/// What is remembered of the table `clients`. Every look-up still reads the row, so a change at any
/// replica counts at once; what is saved is reading JSON and keys.
#[derive(Debug, Default)]
pub struct Registry {
    known: RwLock<HashMap<String, Known>>,
}

impl Registry {
    /// The client as it is registered now.
    pub async fn find(
        &self,
        tx: &mut Tx,
        client_id: &str,
    ) -> Result<Option<Arc<Registered>>, StoreError> {
        let Some(text) = clients::text(tx, client_id).await? else {
            self.known.write().unwrap_or_else(PoisonError::into_inner).remove(client_id);
            return Ok(None);
        };
        if let Some(same) = self.remembered(client_id, &text) {
            return Ok(Some(same));
        }
        let client: Client =
            serde_json::from_str(&text).map_err(|_| StoreError::corrupt("client"))?;
        let keys = client.jwks.as_deref().and_then(|jwks| KeySet::from_json(jwks).ok());
        let registered = Arc::new(Registered { client: Arc::new(client), keys, program: None });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(client_id.to_owned(), Known { text, registered: registered.clone() });
        Ok(Some(registered))
    }

    fn remembered(&self, client_id: &str, text: &str) -> Option<Arc<Registered>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(client_id).filter(|k| k.text == text).map(|k| k.registered.clone())
    }
}

//! Every RPC and how it is called.

mod documents;
mod own;
mod siblings;

use siegel_walk::Call;

use super::names::Names;

pub fn calls() -> Vec<Call<Names>> {
    [own::attributes(), own::privacy(), own::offers(), documents::calls(), siblings::calls()]
        .concat()
}

//! `siegel admin`: what operators decide, directly on the database of identity. Works beside a
//! running suite.

mod apply;
mod place;

use siegel_identity::app::apply::Order;
use siegel_identity::app::manage_clients::Operator;

use crate::cli::{AdminArgs, AdminCommand};
pub use apply::at_start;
pub use place::identity;

pub async fn run(args: AdminArgs) -> anyhow::Result<()> {
    let (settings, sandbox) = place::settings(&args.place)?;
    let state = place::open(&settings, sandbox).await?;
    let by = Operator::new(&args.operator)?;
    let done = match args.command {
        AdminCommand::Apply { file, prune } => {
            apply::file(&state, &file, &Order { by, prune }, args.json).await
        }
    };
    state.outside.db.close().await;
    done
}

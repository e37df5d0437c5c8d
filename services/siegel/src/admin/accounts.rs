//! `siegel admin accounts`.

use anyhow::{Context as _, anyhow, bail};
use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::deletion;
use siegel_identity::app::disable::{self, Shown};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::domain::email::EmailAddress;
use siegel_identity::store::deletions::{Deletion, Step};
use siegel_kernel::AccountId;

use crate::cli::AccountsCommand;

pub async fn run(
    state: &Identity,
    command: AccountsCommand,
    by: &Operator,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        AccountsCommand::Find => find(state, by, json).await,
        AccountsCommand::Show { id } => {
            let id = parsed(&id)?;
            show(id, &disable::show(state, id).await?, json);
            Ok(())
        }
        AccountsCommand::Disable { id, reason } => {
            let id = parsed(&id)?;
            let reason = reason.parse().map_err(|e| anyhow!("--reason {reason:?} {e}"))?;
            let done = disable::disable(state, id, reason, by).await?;
            tell(id, if done { "disabled" } else { "unchanged" }, json);
            Ok(())
        }
        AccountsCommand::Enable { id } => {
            let id = parsed(&id)?;
            let done = disable::enable(state, id, by).await?;
            tell(id, if done { "enabled" } else { "unchanged" }, json);
            Ok(())
        }
        AccountsCommand::Deletion { id } => {
            let id = parsed(&id)?;
            let Some((deletion, steps)) = deletion::progress(state, id).await? else {
                bail!("nobody asked for the deletion of {id}");
            };
            show_deletion(id, &deletion, &steps, json);
            Ok(())
        }
    }
}

fn parsed(id: &str) -> anyhow::Result<AccountId> {
    id.parse().map_err(|_| anyhow!("{id:?} is no account id (acc_ and 32 hex digits)"))
}

/// The address comes by standard input: an argument would stand in the list of processes.
async fn find(state: &Identity, by: &Operator, json: bool) -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("no address on standard input")?;
    let Ok(address) = EmailAddress::parse(line.trim()) else {
        bail!("the first line of standard input is not an e-mail address");
    };
    let Some(id) = disable::find(state, &address, by).await? else {
        bail!("no account has this address");
    };
    if json {
        println!("{}", json!({"account": id.to_string()}));
    } else {
        println!("{id}");
    }
    Ok(())
}

fn tell(id: AccountId, became: &str, json: bool) {
    if json {
        println!("{}", json!({"account": id.to_string(), "became": became}));
    } else {
        println!("account {id}: {became}");
    }
}

fn show(id: AccountId, shown: &Shown, json: bool) {
    let Shown { account, credentials, sessions } = shown;
    if json {
        let disabled = account.disabled.as_ref().map(
            |d| json!({"at": d.at.to_rfc3339(), "reason": d.reason, "by": d.by, "told": d.told}),
        );
        let credentials: Vec<_> = credentials
            .iter()
            .map(|c| json!({"kind": c.kind, "level": c.level.as_str()}))
            .collect();
        let all = json!({"account": id.to_string(), "state": account.state,
            "created_at": account.created_at.to_rfc3339(), "disabled": disabled,
            "credentials": credentials, "sessions": sessions});
        println!("{all}");
        return;
    }
    println!("account {id}: {}, since {}", account.state, account.created_at.to_rfc3339());
    if let Some(d) = &account.disabled {
        println!("disabled {} by {}: {}", d.at.to_rfc3339(), d.by, d.reason);
    }
    for one in credentials {
        println!("credential {} {}", one.kind, one.level.as_str());
    }
    println!("sessions {sessions}");
}

fn show_deletion(id: AccountId, deletion: &Deletion, steps: &[Step], json: bool) {
    let at = |at: Option<siegel_kernel::Timestamp>| at.map(siegel_kernel::Timestamp::to_rfc3339);
    if json {
        let steps: Vec<_> = steps
            .iter()
            .map(|s| {
                json!({"service": s.service, "done_at": at(s.done_at),
                "answered_at": at(s.answered_at), "waits_for": s.waits_for})
            })
            .collect();
        let all = json!({"account": id.to_string(), "cause": deletion.cause,
            "asked_at": deletion.asked_at.to_rfc3339(), "due_at": deletion.due_at.to_rfc3339(),
            "begun_at": at(deletion.begun_at), "finished_at": at(deletion.finished_at),
            "services": steps});
        println!("{all}");
        return;
    }
    println!(
        "account {id}: deletion by {}, asked {}",
        deletion.cause,
        deletion.asked_at.to_rfc3339()
    );
    match (deletion.begun_at, deletion.finished_at) {
        (_, Some(finished)) => println!("finished {}", finished.to_rfc3339()),
        (Some(begun), None) => println!("begun {}", begun.to_rfc3339()),
        (None, None) => println!("begins {}", deletion.due_at.to_rfc3339()),
    }
    for step in steps {
        let state = match (step.done_at, step.waits_for.as_str()) {
            (Some(done), _) => format!("done {}", done.to_rfc3339()),
            (None, "") => "has not answered".to_owned(),
            (None, word) => format!("waits for {word}"),
        };
        println!("{:<14} {state}", step.service);
    }
}

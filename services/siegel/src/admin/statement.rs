//! What an operator signs: the words of a command, with the contents of the files it names.

use std::path::Path;

use anyhow::{Context as _, bail};
use siegel_crypto::{SigningKey, SystemEntropy, load_signing_key, random_token};
use siegel_identity::Identity;
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::app::operators::{self, Request};
use siegel_kernel::{Clock as _, SystemClock};

use crate::cli::{
    AccountsCommand, AdminArgs, AdminCommand, ClientsCommand, ImportArgs, KeysCommand,
    OperatorsCommand, OrganisationCommand, PostboxCommand, TokenCommand, UpstreamsCommand,
};

/// Who does it when nobody says.
const ANYBODY: &str = "operator";

/// The name as it was given; an empty variable names nobody.
pub fn name(args: &AdminArgs) -> &str {
    if args.operator.is_empty() { ANYBODY } else { &args.operator }
}

/// The statement about a command, for the installation with this origin.
pub fn sign(args: &AdminArgs, key: &Path, origin: &str) -> anyhow::Result<String> {
    names_what_was_seen(&args.command)?;
    let Some(request) = request(&args.command)? else {
        bail!("this command changes nothing, so that nothing has to be signed");
    };
    by_key(name(args), &key_of(key)?, origin, &request)
}

/// An approval is signed for what was looked at, never for whatever waits.
fn names_what_was_seen(command: &AdminCommand) -> anyhow::Result<()> {
    let AdminCommand::Clients(ClientsCommand::Approve { client_id, digest }) = command else {
        return Ok(());
    };
    if digest.as_deref().unwrap_or_default().is_empty() {
        bail!(
            "client {client_id:?}: pass the --digest of what was looked at, as `siegel admin clients proposals` tells it"
        );
    }
    Ok(())
}

fn key_of(file: &Path) -> anyhow::Result<SigningKey> {
    load_signing_key(file, false).with_context(|| format!("--operator-key {}", file.display()))
}

fn by_key(name: &str, key: &SigningKey, origin: &str, request: &Request) -> anyhow::Result<String> {
    let jti = random_token(&SystemEntropy::new())?;
    Ok(operators::sign(key, name, origin, jti, request, SystemClock.now())?)
}

/// The operator who gives this command, as far as it is proven.
pub async fn operator(state: &Identity, args: &AdminArgs) -> anyhow::Result<Operator> {
    let name = name(args);
    let Some(request) = request(&args.command)? else { return Ok(Operator::new(name)?) };
    if args.operator_key.is_some() || args.statement.is_some() {
        names_what_was_seen(&args.command)?;
    }
    let statement = match (&args.operator_key, &args.statement) {
        (Some(key), _) => Some(by_key(name, &key_of(key)?, state.issuer(), &request)?),
        (None, Some(file)) => {
            let read = std::fs::read_to_string(file);
            Some(read.with_context(|| format!("--statement {}", file.display()))?)
        }
        (None, None) => None,
    };
    Ok(operators::admit(state, name, statement.as_deref().map(str::trim), &request).await?)
}

/// `None`: only looks, or works on files of the caller's.
fn request(command: &AdminCommand) -> anyhow::Result<Option<Request>> {
    use OrganisationCommand as O;
    use PostboxCommand as P;
    use {AccountsCommand as A, ClientsCommand as C, TokenCommand as T, UpstreamsCommand as U};
    let words: Vec<Vec<u8>> = match command {
        AdminCommand::Apply { file, prune } => {
            vec![words("apply"), words(if *prune { "prune" } else { "" }), content(file)?]
        }
        AdminCommand::Clients(C::Put { file }) => vec![words("clients put"), content(file)?],
        AdminCommand::Clients(C::Remove { client_id }) => two("clients remove", client_id),
        AdminCommand::Clients(C::Reject { client_id }) => two("clients reject", client_id),
        AdminCommand::Clients(C::Approve { client_id, digest }) => {
            let digest = digest.as_deref().unwrap_or_default();
            vec![words("clients approve"), words(client_id), words(digest)]
        }
        AdminCommand::Accounts(A::Find) => vec![words("accounts find")],
        AdminCommand::Accounts(A::Disable { id, reason }) => {
            vec![words("accounts disable"), words(id), words(reason)]
        }
        AdminCommand::Accounts(A::Enable { id }) => two("accounts enable", id),
        AdminCommand::Upstreams(U::Enable { id }) => two("upstreams enable", id),
        AdminCommand::Upstreams(U::Disable { id }) => two("upstreams disable", id),
        AdminCommand::RegistrationToken(T::Revoke { id }) => two("registration-token revoke", id),
        AdminCommand::RegistrationToken(T::New { tenant, test, uses, days }) => {
            let kind = if *test { "test" } else { "production" };
            let numbers = [words(&uses.to_string()), words(&days.to_string())];
            let first = [words("registration-token new"), words(tenant), words(kind)];
            first.into_iter().chain(numbers).collect()
        }
        AdminCommand::Import(what) => {
            let ImportArgs { file, tenant, system, name, days, report: _ } = what;
            let (days, digest) = (days.to_string(), siegel_account::file_digest(file));
            let digest =
                digest.with_context(|| format!("cannot read {}", file.display()))?.to_vec();
            let said = [tenant, system, name, &days].map(|said| words(said));
            std::iter::once(words("import")).chain(said).chain([digest]).collect()
        }
        AdminCommand::Postbox(P::Change { file, tenant }) => {
            vec![words("postbox change"), words(tenant), content(file)?]
        }
        AdminCommand::Postbox(P::Approve { proposal, digest, tenant }) => {
            vec![words("postbox approve"), words(tenant), words(proposal), words(digest)]
        }
        AdminCommand::Postbox(P::Reject { proposal, tenant }) => {
            vec![words("postbox reject"), words(tenant), words(proposal)]
        }
        AdminCommand::Organisation(O::Approve { claim, file }) => {
            vec![words("organisation approve"), words(claim), content(file)?]
        }
        AdminCommand::Organisation(O::Reject { claim }) => two("organisation reject", claim),
        AdminCommand::Organisation(O::Print { claim, address, .. }) => {
            let address = address.as_deref().map(content).transpose()?.unwrap_or_default();
            vec![words("organisation print"), words(claim), address]
        }
        AdminCommand::Organisation(O::Sent { claim }) => two("organisation sent", claim),
        AdminCommand::Accounts(A::Show { .. } | A::Deletion { .. })
        | AdminCommand::Organisation(O::Claims | O::Show { .. })
        | AdminCommand::Postbox(P::Show { .. })
        | AdminCommand::Clients(C::List | C::Show { .. } | C::Proposals)
        | AdminCommand::Upstreams(U::List)
        | AdminCommand::RegistrationToken(T::List)
        | AdminCommand::Tenants(_)
        | AdminCommand::Keys(
            KeysCommand::List | KeysCommand::New { .. } | KeysCommand::Import { .. },
        )
        | AdminCommand::Operators(OperatorsCommand::List | OperatorsCommand::NewKey { .. }) => {
            return Ok(None);
        }
    };
    Ok(Some(Request(words)))
}

fn words(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn two(command: &str, id: &str) -> Vec<Vec<u8>> {
    vec![words(command), words(id)]
}

fn content(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn request_of(line: &str) -> Option<Request> {
        let words = ["siegel", "admin"].into_iter().chain(line.split(' '));
        let Command::Admin(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("not admin: {line}")
        };
        request(&args.command).unwrap()
    }

    #[test]
    fn what_changes_something_is_signed_with_all_it_says() {
        let lines = [
            "clients remove a",
            "clients remove b",
            "clients reject a",
            "clients approve a",
            "clients approve a --digest x",
            "accounts find",
            "accounts disable a --reason misuse",
            "accounts disable a --reason ordered",
            "accounts enable a",
            "upstreams enable a",
            "upstreams disable a",
            "registration-token new",
            "registration-token new --test",
            "registration-token new --uses 11",
            "registration-token new --uses 1 --days 1",
            "registration-token revoke a",
            "postbox approve a --digest x --tenant t",
            "postbox approve a --digest y --tenant t",
            "postbox approve a --digest x --tenant u",
            "postbox reject a --tenant t",
        ];
        let all: Vec<_> = lines.iter().map(|line| request_of(line).expect(line)).collect();
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one), "{:?}", lines.get(i));
        }
    }

    #[test]
    fn an_approval_of_nothing_in_particular_is_not_signed() {
        for (line, word) in [
            ("clients approve a", "--digest"),
            ("clients approve a --digest=", "--digest"),
            ("clients approve a --digest x", "--operator-key"),
        ] {
            let words = ["siegel", "admin"].into_iter().chain(line.split(' '));
            let Command::Admin(args) = Cli::try_parse_from(words).unwrap().command else {
                panic!("not admin: {line}")
            };
            let no_key = Path::new("there-is-no-such-key.pem");
            let error = sign(&args, no_key, "https://konto.example").unwrap_err();
            assert!(error.to_string().contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn what_only_looks_is_not_signed() {
        for line in [
            "clients list",
            "clients proposals",
            "tenants list",
            "operators list",
            "postbox show --tenant t",
        ] {
            assert_eq!(request_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_file_is_signed_by_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("set-up.toml");
        let line = format!("apply {}", file.display());
        std::fs::write(&file, "a").unwrap();
        let before = request_of(&line);
        assert_ne!(before, request_of(&format!("{line} --prune")));
        let import = |name| {
            let line = format!("import {} --tenant t --system s --name {name}", file.display());
            request_of(&line)
        };
        let imported = import("A");
        assert_ne!(imported, import("B"));
        std::fs::write(&file, "b").unwrap();
        assert_ne!(before, request_of(&line));
        assert_ne!(imported, import("A"));
    }
}

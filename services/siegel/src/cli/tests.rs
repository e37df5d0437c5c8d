use std::path::PathBuf;

use super::*;

fn admin(line: &str) -> AdminArgs {
    let words = ["siegel", "admin"].into_iter().chain(line.split(' '));
    match Cli::try_parse_from(words).unwrap().command {
        Command::Admin(args) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_place_and_the_operator_may_stand_behind_the_command() {
    let args = admin("apply seed.toml --prune --data d --operator ada --json");
    assert_eq!(args.place.data, Some(PathBuf::from("d")));
    assert!(args.json && args.operator == "ada");
    assert!(matches!(args.command, AdminCommand::Apply { prune: true, .. }));
    let args = admin("--config s.toml clients approve x");
    assert_eq!(args.place.config, Some(PathBuf::from("s.toml")));
    let approve = matches!(&args.command,
        AdminCommand::Clients(ClientsCommand::Approve { client_id, .. }) if client_id == "x");
    assert!(approve);
}

#[test]
fn only_the_sandbox_has_a_clock_for_fault_runs() {
    let up = ["siegel", "up", "--faults-clock", "c"];
    assert!(Cli::try_parse_from(up).is_ok());
    let serve = ["siegel", "serve", "postbox", "--config", "s.toml"];
    assert!(Cli::try_parse_from(serve).is_ok());
    assert!(Cli::try_parse_from(serve.into_iter().chain(["--faults-clock", "c"])).is_err());
}

#[test]
fn every_command_of_admin_is_understood() {
    for line in [
        "clients list",
        "clients show a",
        "clients put a.json",
        "clients remove a",
        "clients proposals",
        "clients approve a --digest x",
        "clients reject a --statement s",
        "operators list",
        "operators new-key k.pem --operator ada",
        "tenants list --operator-key k.pem --sign-for https://konto.example",
        "accounts find",
        "accounts show acc_1",
        "accounts disable acc_1 --reason hijacked",
        "accounts enable acc_1",
        "tenants list",
        "keys list --json",
        "registration-token new --tenant t --uses 3 --days 30",
        "registration-token list",
        "registration-token revoke iat_1",
        "postbox show --tenant t",
        "postbox change c.json --tenant t",
        "postbox approve prp_1 --digest x --tenant t --operator-key k.pem",
        "postbox reject prp_1 --tenant t",
    ] {
        admin(line);
    }
    let both = ["siegel", "admin", "tenants", "list", "--config", "a", "--data", "b"];
    assert!(Cli::try_parse_from(both).is_err(), "one place at a time");
}

#[test]
fn a_sandbox_may_be_started_with_several_files() {
    let cli = Cli::try_parse_from(["siegel", "up", "--seed", "a.toml", "--seed", "b.json"]);
    let Command::Up(args) = cli.unwrap().command else { panic!("not up") };
    assert_eq!(args.seed, [PathBuf::from("a.toml"), PathBuf::from("b.json")]);
}

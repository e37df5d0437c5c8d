//! Against `SoftHSM`, where it is installed.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use siegel_crypto::{KeySet, SignatureAlg, TokenSigner as _, sign_token};
use siegel_pkcs11::{Pkcs11Error, Pkcs11Signer, Place};

const PIN: &str = "482913";

fn module() -> Option<PathBuf> {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.filter(|_| Command::new("pkcs11-tool").arg("--help").output().is_ok())
}

fn run(command: &mut Command) {
    let output = command.output().expect("it is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A token with a P-256 key `es`, an RSA key `rs` and one too short, `short`.
fn token(module: &Path, dir: &Path) {
    let config = dir.join("softhsm2.conf");
    let tokens = dir.join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&config, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let set = |command: &mut Command| {
        command.env("SOFTHSM2_CONF", &config);
    };
    let mut init = Command::new("softhsm2-util");
    init.args(["--init-token", "--free", "--label", "siegel", "--pin", PIN, "--so-pin", "0000"]);
    set(&mut init);
    run(&mut init);
    for (kind, label) in [("EC:prime256v1", "es"), ("rsa:2048", "rs"), ("rsa:1024", "short")] {
        let mut make = Command::new("pkcs11-tool");
        make.arg("--module").arg(module).args(["--token-label", "siegel", "--login", "--pin", PIN]);
        make.args(["--keypairgen", "--key-type", kind, "--label", label]);
        set(&mut make);
        run(&mut make);
    }
}

/// The library reads its configuration from the environment, which a test cannot set safely: this
/// one runs itself again with it set.
#[test]
fn a_key_in_a_token_signs_and_stays_there() {
    let Some(module) = module() else {
        eprintln!("skipped: softhsm2 and opensc are not installed");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    token(&module, dir.path());
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--ignored", "--exact", "inside::the_token_is_used", "--nocapture"]);
    again.env("SOFTHSM2_CONF", dir.path().join("softhsm2.conf"));
    run(&mut again);
}

mod inside {
    use super::*;

    #[test]
    #[ignore = "run by a_key_in_a_token_signs_and_stays_there, with its token"]
    fn the_token_is_used() {
        let module = module().unwrap();
        let open = |token: &str, key: &str, pin: &str| {
            let place = Place { module: module.clone(), token: token.into(), key: key.into() };
            Pkcs11Signer::open(place, pin.to_owned().into())
        };
        assert!(matches!(open("siegel", "es", "wrong1"), Err(Pkcs11Error::Token(_))));
        for (label, alg) in [("es", SignatureAlg::Es256), ("rs", SignatureAlg::Rs256)] {
            let signer = open("siegel", label, PIN).unwrap();
            assert_eq!(signer.alg(), alg);
            let token = sign_token(&signer, Some("JWT"), &json!({"sub": label})).unwrap();
            let keys = KeySet::new([signer.public_jwk().clone()]);
            assert_eq!(keys.verify::<Value>(&token, "JWT").unwrap()["sub"], label);
            assert!(!keys.to_json().contains("\"d\""));
            assert!(!format!("{signer:?}").contains(PIN));
        }
        assert!(matches!(open("siegel", "none", PIN), Err(Pkcs11Error::NoKey(_))));
        assert!(matches!(open("other", "es", PIN), Err(Pkcs11Error::NoToken(_))));
        assert!(matches!(open("siegel", "short", PIN), Err(Pkcs11Error::Unusable(_))));
    }
}

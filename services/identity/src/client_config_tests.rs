use super::*;

fn read(text: &str) -> Result<Client, ClientError> {
    let config: ClientConfig = toml::from_str(text).unwrap();
    config.registration(Path::new("."))
}

const KEY: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
const LOGIN: &str = "client_id = \"a\"\nredirect_uris = [\"https://a.example/cb\"]\n";

#[test]
fn an_id_an_address_and_a_secret_are_a_client() {
    let client = read(&format!("{LOGIN}client_secret = \"s3cret\"")).unwrap();
    assert_eq!(client.auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!((client.name.as_str(), client.tenant.as_str()), ("a", "default"));
    assert_eq!(client.sector, "a");
    assert!(client.require_pkce && client.scopes.iter().any(|s| s == "openid"));
    assert_eq!(client.secret_hash, Some(b64::encode(sha256(b"s3cret"))));
}

#[test]
fn keys_are_text_or_a_table_and_scopes_text_or_a_list() {
    let text = read(&format!("{LOGIN}scope = \"openid email\"\njwks = '''{KEY}'''")).unwrap();
    let table = toml::to_string(&serde_json::from_str::<serde_json::Value>(KEY).unwrap());
    let table = table.unwrap().replace("[[keys]]", "[[jwks.keys]]");
    let table = read(&format!("{LOGIN}scopes = [\"openid\", \"email\"]\n{table}")).unwrap();
    assert_eq!(text.scopes, table.scopes);
    assert!(usable(table.jwks.as_deref().unwrap()).unwrap().find("1").is_some());
}

#[test]
fn the_names_of_dynamic_registration_are_understood() {
    let client = read(&format!(
        "{LOGIN}client_name = \"A\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         jwks_uri = \"https://a.example/jwks\"\nprofile = \"fapi2\"\n\
         dpop_bound_access_tokens = true\nid_token_signed_response_alg = \"ES256\""
    ));
    let client = client.unwrap();
    assert!(client.is_fapi() && client.dpop_bound);
    assert_eq!(client.name, "A");
}

#[test]
fn the_sector_is_the_host_of_its_document_unless_it_has_a_name() {
    let uri = "sector_identifier_uri = \"https://land.example/uris.json\"\nclient_secret = \"x\"";
    assert_eq!(read(&format!("{LOGIN}{uri}")).unwrap().sector, "land.example");
    let named = read(&format!("{LOGIN}sector = \"land\"\n{uri}")).unwrap();
    assert_eq!(named.sector, "land");
}

#[test]
fn what_cannot_be_registered_names_its_key() {
    let both = format!("jwks = '''{KEY}'''\njwks_uri = \"https://a.example/jwks\"");
    for (more, key) in [
        ("jwks = \"{}\"", "jwks"),
        (&*both, "jwks_uri"),
        ("client_secret = \"\"", "client_secret"),
        ("client_secret = \"x\"\nsecret_file = \"y\"", "secret_file"),
        ("jwks_file = \"no/such/file\"", "jwks_file"),
        ("client_secret = \"x\"\nlogo_uri = \"http://a.example/x.png\"", "logo_uri"),
        ("client_secret = \"x\"\npolicy_uri = \"javascript:alert(1)\"", "policy_uri"),
        ("client_secret = \"x\"\nscopes = [\"everything\"]", "scopes"),
        ("client_secret = \"x\"\nprofile = \"fapi2\"", "security_profile"),
        (
            "tls_client_auth_san_dns = \"a\"\ntls_client_auth_san_uri = \"b\"",
            "tls_client_auth_subject_dn",
        ),
        ("auth_method = \"private_key_jwt\"", "jwks"),
        ("client_secret = \"x\"\nguests = true\nallowed_methods = [\"pwd\"]", "guests"),
        ("client_secret = \"x\"\nguests = true\nfirst_party = true", "guests"),
    ] {
        assert_eq!(read(&format!("{LOGIN}{more}")).unwrap_err().key(), key, "{more}");
    }
    let without = read("client_id = \"a\"\nclient_secret = \"x\"").unwrap_err();
    assert_eq!(without.key(), "redirect_uris");
}

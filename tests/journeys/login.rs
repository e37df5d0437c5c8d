use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_kernel::{Clock as _, SystemClock};
use siegel_oidc::assertion;
use siegel_proto::account::v1::GetAccountRequest;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;

use crate::world::{World, refused};

const READ: [(&str, &str); 3] = [
    ("scope", "openid postbox.read offline_access"),
    ("resource", "urn:siegel:postbox"),
    ("acr_values", "basic"),
];

pub async fn a_persons_token_cannot_deliver_letters(world: &mut World) -> anyhow::Result<()> {
    let channel = world.erika.channel(&world.suite.origin())?;
    let outcome = SenderServiceClient::new(channel).submit(pb::SubmitRequest::default()).await;
    refused(outcome, "WRONG_CALLER").map(|_| ())
}

pub async fn a_token_for_the_postbox_is_refused_by_the_account(
    world: &mut World,
) -> anyhow::Result<()> {
    let channel = world.erika.channel(&world.suite.origin())?;
    let outcome = AccountServiceClient::new(channel).get_account(GetAccountRequest {}).await;
    refused(outcome, "TOKEN_WRONG_AUDIENCE").map(|_| ())
}

pub async fn portals_of_two_sectors_know_one_person_by_two_subjects(
    world: &mut World,
) -> anyhow::Result<()> {
    let ask = [("scope", "openid"), ("acr_values", "basic")];
    let one = world.visit(&world.credentials.portal, 0, &ask).await?;
    let two = world.visit(&world.credentials.other_portal, 0, &ask).await?;
    let again = world.visit(&world.credentials.portal, 0, &ask).await?;
    let sub = |v: &crate::world::Visit| v.claims.get("sub").map(ToString::to_string);
    ensure!(sub(&one).is_some() && sub(&one) == sub(&again), "the subject is not stable");
    ensure!(sub(&one) != sub(&two), "two sectors share a subject");
    Ok(())
}

pub async fn a_revoked_grant_is_felt_within_a_second(world: &mut World) -> anyhow::Result<()> {
    let visit = world.visit(&world.credentials.portal, 0, &READ).await?;
    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let mut mailbox = MailboxServiceClient::new(channel);
    mailbox.list_letters(pb::ListLettersRequest::default()).await?;

    let (client, issuer) = (&visit.client, &visit.client.metadata.issuer);
    let jti = random_token(&SystemEntropy::new())?;
    let signed = assertion::make(&client.key, &client.client_id, issuer, jti, SystemClock.now())?;
    let token = visit.tokens.refresh_token.clone().context("no refresh token")?;
    let form = [
        ("token", token.as_str()),
        ("client_id", &client.client_id),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", &signed),
    ];
    let answer = client.http.post(format!("{issuer}/revoke")).form(&form).send().await?;
    ensure!(answer.status().is_success(), "revocation answered {}", answer.status());
    let revoked = Instant::now();
    loop {
        let outcome = mailbox.list_letters(pb::ListLettersRequest::default()).await;
        if outcome.is_err() {
            return refused(outcome, "TOKEN_REVOKED").map(|_| ());
        }
        if revoked.elapsed() > Duration::from_secs(1) {
            bail!("the token still works after a second");
        }
    }
}

pub async fn a_code_is_redeemed_once(world: &mut World) -> anyhow::Result<()> {
    let (client, login, returned) = world.come_back(0, &READ).await?;
    let (tokens, _) = client.finish(&login, &returned).await?;
    let code = returned.query_pairs().find(|(k, _)| k == "code").map(|(_, v)| v.into_owned());
    let again = client.redeem(&login, &code.context("no code")?).await;
    let Err(error) = again else { bail!("the code was taken twice") };
    ensure!(error.to_string().contains("invalid_grant"), "{error}");
    let channel = world.channel(&tokens.access_token, &client.dpop_key)?;
    let mut mailbox = MailboxServiceClient::new(channel);
    let deadline = Instant::now() + Duration::from_secs(1);
    while mailbox.list_letters(pb::ListLettersRequest::default()).await.is_ok() {
        ensure!(Instant::now() < deadline, "what the code had given still works");
    }
    Ok(())
}

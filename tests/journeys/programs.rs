//! Programs of organisations, with tokens of their own.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use siegel::outside::Client;
use siegel_crypto::{SigningKey, SystemEntropy, random_token};
use siegel_grpc::{AuthChannel, reason};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use tonic::Status;

use crate::audit::OWN;
use crate::world::{World, refused};

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// An organisation with a program, and whoever manages it.
struct Firm {
    members: MemberServiceClient<AuthChannel>,
    organisation_id: String,
    /// The program's side.
    program: Client,
}

impl Firm {
    async fn founded(world: &World) -> anyhow::Result<Self> {
        let visit = world.visit(&world.own_portal()?, 0, &OWN).await?;
        let token = visit.token_for("organisation").await?;
        let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
        let found = pb::CreateOrganisationRequest {
            request_id: fresh()?,
            name: "Programm GmbH".into(),
            legal_form: "GmbH".into(),
            ..pb::CreateOrganisationRequest::default()
        };
        let mut organisations = OrganisationServiceClient::new(channel.clone());
        let made = organisations.create_organisation(found).await?.into_inner();
        let organisation_id = made.organisation.context("no organisation")?.organisation_id;
        let members = MemberServiceClient::new(channel);
        let key = SigningKey::generate()?;
        let jwk = serde_json::to_string(key.public_jwk())?;
        let (net, origin) = (world.credentials.net(), world.suite.origin());
        let program = Client::discover(&net, &origin, "", key).await?;
        let mut firm = Self { members, organisation_id, program };
        firm.program.client_id = firm.register(jwk).await?;
        Ok(firm)
    }

    /// The id of the program with this key.
    async fn register(&mut self, jwk: String) -> anyhow::Result<String> {
        let new = pb::RegisterSystemUserRequest {
            request_id: fresh()?,
            organisation_id: self.organisation_id.clone(),
            name: "Poststelle".into(),
            role: pb::Role::ReadOnly.into(),
            jwk,
        };
        Ok(self.members.register_system_user(new).await?.into_inner().system_user_id)
    }

    /// A token for the postbox, and a channel that uses it.
    async fn channel(&self, world: &World) -> anyhow::Result<AuthChannel> {
        let resource = siegel_oidc::audience("postbox");
        let form = [("grant_type", "client_credentials"), ("resource", resource.as_str())];
        let tokens = self.program.tokens(&form).await?;
        ensure!(tokens.refresh_token.is_none() && tokens.id_token.is_none(), "more than asked");
        world.channel(&tokens.access_token, &self.program.dpop_key)
    }
}

async fn list(channel: &AuthChannel, organisation: &str) -> Result<(), Status> {
    let request = postbox::ListLettersRequest {
        organisation_id: organisation.to_owned(),
        ..postbox::ListLettersRequest::default()
    };
    MailboxServiceClient::new(channel.clone()).list_letters(request).await.map(|_| ())
}

pub async fn a_program_sees_its_organisations_mailbox_and_no_other(
    world: &mut World,
) -> anyhow::Result<()> {
    let (one, other) = (Firm::founded(world).await?, Firm::founded(world).await?);
    let channel = one.channel(world).await?;
    list(&channel, &one.organisation_id).await?;
    list(&channel, "").await?;
    let foreign = refused(list(&channel, &other.organisation_id).await, "ORGANISATION_UNKNOWN")?;
    let missing = format!("org_{:032x}", 1);
    let missing = refused(list(&channel, &missing).await, "ORGANISATION_UNKNOWN")?;
    ensure!(foreign.message() == missing.message(), "another organisation is told apart");
    let open = postbox::OpenRequest { request_id: fresh()?, ..postbox::OpenRequest::default() };
    let opened = MailboxServiceClient::new(channel).open(open).await;
    refused(opened, "WRONG_CALLER")?;
    Ok(())
}

/// Runs a block of the how-to as it stands.
fn run(world: &World, dir: &Path, block: &str, program: &str) -> anyhow::Result<String> {
    let block = block.strip_prefix("sh\n").context("no block of a shell")?;
    let mut bash = Command::new("bash");
    bash.args(["-euc", block]).current_dir(dir).env("PROGRAM", program);
    let output = bash.env("ORIGIN", world.suite.origin()).output().context("bash is missing")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {told}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The second block has the id that came of the key of the first.
pub async fn the_curl_example_of_the_how_to_lists_the_mail(
    world: &mut World,
) -> anyhow::Result<()> {
    const PAGE: &str = include_str!("../../docs/how-to/organisation.md");
    let section = PAGE.split("## Programs that look after the mailbox").nth(1);
    let blocks: Vec<&str> = section.context("no such section")?.split("```").collect();
    let [_, key, _, mail, ..] = blocks.as_slice() else { bail!("the section has not two blocks") };
    let dir = tempfile::tempdir()?;
    run(world, dir.path(), key, "")?;
    let mut firm = Firm::founded(world).await?;
    let program = firm.register(std::fs::read_to_string(dir.path().join("program.jwk"))?).await?;
    let told = run(world, dir.path(), mail, &program)?;
    let headers = std::fs::read_to_string(dir.path().join("headers"))?;
    let status = headers.lines().next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "{status}: {told}");
    let told: serde_json::Value = serde_json::from_str(&told)?;
    ensure!(told.is_object() && told.get("status").is_none(), "{told}");
    Ok(())
}

pub async fn a_revoked_program_is_shut_out_within_a_second(
    world: &mut World,
) -> anyhow::Result<()> {
    let mut firm = Firm::founded(world).await?;
    let channel = firm.channel(world).await?;
    list(&channel, "").await?;
    let revoke = pb::RevokeSystemUserRequest {
        request_id: fresh()?,
        organisation_id: firm.organisation_id.clone(),
        system_user_id: firm.program.client_id.clone(),
    };
    firm.members.revoke_system_user(revoke).await?;
    let since = Instant::now();
    // The mailbox is closed at once; that the token itself counts no more is told by a stream.
    loop {
        let status = list(&channel, "").await.err().context("a revoked program still reads")?;
        match reason(&status).as_deref() {
            Some("TOKEN_REVOKED") => break,
            Some("ORGANISATION_UNKNOWN") => {}
            other => bail!("refused with {other:?}"),
        }
        ensure!(since.elapsed() < Duration::from_secs(1), "its token still counts");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Err(again) = firm.channel(world).await else { bail!("it got another token") };
    ensure!(again.to_string().contains("invalid_client"), "{again:#}");
    Ok(())
}

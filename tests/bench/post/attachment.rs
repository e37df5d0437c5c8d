//! P6: attachments of 100 MB: how fast against a bare stream of the same chunks, and what memory
//! they take.

use std::time::Instant;

use anyhow::{Context as _, bail};
use siegel_crypto::Sha256;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;

use super::{Post, letter, sink};
use crate::{Args, Verdict, cpu, median};

const MB: usize = 1_000_000;
const SIZES: [usize; 3] = [MB, 10 * MB, 100 * MB];
const LARGE: usize = 100 * MB;
/// Bytes of one message.
const CHUNK: usize = 256 * 1024;
/// Against the bare stream.
const SHARE: f64 = 0.7;
/// Mebibytes that 100 MB may take more than 10 MB, which fill every buffer there is: what an
/// allocator keeps or not, a tenth of the difference in size.
const GROWTH: f64 = 9.0;

pub async fn run(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    speed(post, args, verdict).await?;
    memory(post, args, verdict).await
}

async fn speed(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (sink, task) = sink::serve().await?;
    let (mut bare, mut streamed, mut uploaded) = (Vec::new(), Vec::new(), Vec::new());
    // Who sends a file has its hash; the bare stream declares none.
    let file = declared(LARGE)?;
    for round in 1..=args.rounds {
        let name = format!("speed-{round}");
        bare.push(per_second(LARGE, to_sink(&sink)).await?);
        streamed.push(per_second(LARGE, with_letter(post, &name, file.clone())).await?);
        uploaded.push(per_second(LARGE, before_letter(post, &name, file.clone())).await?);
        let last = |of: &[f64]| of.last().copied().unwrap_or_default();
        println!(
            "P6 round {round}, 100 MB: bare stream {:.0} MB/s, SubmitStream {:.0}, UploadAttachment {:.0}",
            last(&bare),
            last(&streamed),
            last(&uploaded)
        );
    }
    task.abort();
    let bare = median(&mut bare);
    let share = |own: &mut [f64]| median(own) / bare;
    let what = "against a bare gRPC stream into a hash, medians";
    verdict.bar("P6 SubmitStream", share(&mut streamed), SHARE, what);
    verdict.bar("P6 UploadAttachment", share(&mut uploaded), SHARE, what);
    Ok(())
}

async fn memory(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let pid = post.pid()?;
    with_letter(post, "warm", declared(10 * MB)?).await?;
    let mut peaks = Vec::new();
    for size in SIZES {
        let mut found = Vec::new();
        for round in 1..=args.rounds {
            cpu::forget_peak(pid)?;
            with_letter(post, &format!("memory-{size}-{round}"), declared(size)?).await?;
            found.push(cpu::peak(pid));
        }
        peaks.push(median(&mut found));
    }
    let [one, ten, hundred] = peaks.as_slice() else { bail!("three sizes have three peaks") };
    println!("P6 most resident memory: 1 MB {one:.0} MiB, 10 MB {ten:.0}, 100 MB {hundred:.0}");
    let grown = (hundred - ten).max(0.0);
    verdict.no_more_than("P6 memory", grown, GROWTH, "MiB more at 100 MB than at 10 MB");
    Ok(())
}

/// Megabytes per second.
async fn per_second(
    size: usize,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<f64> {
    let started = Instant::now();
    work.await?;
    let whole = u32::try_from(size / MB)?;
    Ok(f64::from(whole) / started.elapsed().as_secs_f64())
}

/// A PDF, chunk by chunk, never whole.
fn content(size: usize) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    (0..size).step_by(CHUNK).map(move |first| {
        let mut chunk =
            vec![u8::try_from(first / CHUNK % 251).unwrap_or(0); CHUNK.min(size - first)];
        if first == 0 {
            chunk.iter_mut().zip(b"%PDF-1.7\n").for_each(|(byte, head)| *byte = *head);
        }
        chunk
    })
}

fn declared(size: usize) -> anyhow::Result<pb::AttachmentDeclaration> {
    let mut hash = Sha256::new();
    content(size).for_each(|chunk| hash.update(&chunk));
    Ok(pb::AttachmentDeclaration {
        name: "plan.pdf".into(),
        media_type: "application/pdf".into(),
        sha256: hash.finish().to_vec(),
        size_bytes: i64::try_from(size)?,
    })
}

fn upload_of(
    upload_id: String,
    size: usize,
) -> impl tokio_stream::Stream<Item = pb::UploadAttachmentRequest> + Send + 'static {
    use pb::upload_attachment_request::Part;
    let head = pb::UploadAttachmentHead { upload_id, ..Default::default() };
    let parts = std::iter::once(Part::Head(head)).chain(content(size).map(Part::Chunk));
    tokio_stream::iter(parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) }))
}

async fn to_sink(address: &str) -> anyhow::Result<()> {
    let mut client = UploadServiceClient::connect(address.to_owned()).await?;
    let done = client.upload_attachment(upload_of(String::new(), LARGE)).await?.into_inner();
    let taken = done.upload.context("the sink says nothing")?.offset_bytes;
    anyhow::ensure!(usize::try_from(taken)? == LARGE, "the sink lost bytes");
    Ok(())
}

/// A letter and its attachment in one call.
async fn with_letter(
    post: &Post,
    name: &str,
    file: pb::AttachmentDeclaration,
) -> anyhow::Result<()> {
    use pb::submit_stream_request::Part;
    let size = usize::try_from(file.size_bytes)?;
    let handle = post.filled.handles.first().context("no recipients")?;
    let head = pb::SubmitStreamHead {
        request_id: format!("stream-{name}"),
        letter: Some(letter(handle)),
        attachments: vec![file],
        upload_ids: Vec::new(),
    };
    let parts = std::iter::once(Part::Head(head)).chain(content(size).map(Part::Chunk));
    let messages = parts.map(|part| pb::SubmitStreamRequest { part: Some(part) });
    let mut sender = post.authority().await?.sender();
    sender.submit_stream(tokio_stream::iter(messages)).await?;
    Ok(())
}

/// An attachment that comes before its letter.
async fn before_letter(
    post: &Post,
    name: &str,
    file: pb::AttachmentDeclaration,
) -> anyhow::Result<()> {
    let authority = post.authority().await?;
    let request = pb::CreateUploadRequest {
        request_id: format!("upload-{name}"),
        attachment: Some(file),
        organisation_id: String::new(),
        ..Default::default()
    };
    let created = authority.uploads().create_upload(request).await?.into_inner();
    let upload_id = created.upload.context("an answer without an upload")?.upload_id;
    let done = authority.uploads().upload_attachment(upload_of(upload_id, LARGE)).await?;
    let upload = done.into_inner().upload.context("an answer without an upload")?;
    anyhow::ensure!(upload.state() == pb::UploadState::Ready, "the upload is not ready");
    Ok(())
}

//! Memory does not grow with the size of an attachment, scanned while it streams by. One test in a
//! process of its own: what it measures is the process.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, GrpcServices, Person};
use siegel_kernel::{AccountId, GrantId, Timestamp, TrustLevel};
use siegel_postbox::{Config, MIGRATIONS, ScannerConfig, Sender, start};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;
use siegel_testkit::{Backend, CountingEntropy, TestClock, test_db};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::StreamExt as _;

const LARGE: usize = 200 << 20;
const PIECE: usize = 256 * 1024;
/// What any size may take: two pieces of 5 MiB on their way to the store, parts of 4 MiB, their
/// sealed copies, buffers of the connection, and what an allocator keeps of all that.
const GROWTH: u64 = 64 << 20;

/// What may be on its way to the scanner, of what the client has sent.
const ON_THE_WAY: usize = 32 << 20;

/// A PDF, piece by piece, never whole.
fn content() -> impl Iterator<Item = Vec<u8>> {
    (0..LARGE / PIECE).map(|n| {
        let mut piece = vec![u8::try_from(n % 251).unwrap(); PIECE];
        if n == 0 {
            piece.iter_mut().zip(b"%PDF-1.7\n").for_each(|(byte, head)| *byte = *head);
        }
        piece
    })
}

fn declared(name: &str) -> pb::AttachmentDeclaration {
    let mut hash = siegel_crypto::Sha256::new();
    content().for_each(|piece| hash.update(&piece));
    pb::AttachmentDeclaration {
        name: name.into(),
        media_type: "application/pdf".into(),
        sha256: hash.finish().to_vec(),
        size_bytes: i64::try_from(LARGE).unwrap(),
    }
}

/// Bytes that the process has, and the most it had since the last look.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    };
    let found = (field("VmRSS:"), field("VmHWM:"));
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    found
}

/// A scanner that finds nothing and keeps nothing: it counts what it was shown.
struct Counting {
    address: String,
    seen: Arc<AtomicUsize>,
}

impl Counting {
    async fn start(tasks: &mut tokio::task::JoinSet<()>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = seen.clone();
        tasks.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(scan(BufReader::new(socket), counter.clone()));
            }
        });
        Self { address, seen }
    }
}

/// One connection of clamd's protocol: a command, and for `INSTREAM` pieces behind their lengths.
async fn scan(mut socket: BufReader<TcpStream>, seen: Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut command = Vec::new();
    socket.read_until(0, &mut command).await?;
    if command != b"zINSTREAM\0" {
        return socket.write_all(b"ClamAV 1.0/1/today\0").await;
    }
    loop {
        let length = socket.read_u32().await?;
        if length == 0 {
            return socket.write_all(b"stream: OK\0").await;
        }
        let mut piece = (&mut socket).take(length.into());
        let size = tokio::io::copy(&mut piece, &mut tokio::io::sink()).await?;
        seen.fetch_add(usize::try_from(size).unwrap(), Ordering::Relaxed);
    }
}

struct House {
    services: GrpcServices,
    scanner: Counting,
    _files: tempfile::TempDir,
    _db: siegel_testkit::TestDb,
    _tasks: [tokio::task::JoinSet<()>; 2],
}

async fn house() -> House {
    let db = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::default());
    let entropy = Arc::new(CountingEntropy::default());
    let outside = outside("postbox", db.db.clone(), clock, entropy, &Fakes::new());
    let sender = Sender {
        client_id: "bauamt".into(),
        tenant: "musterstadt".into(),
        sector: "musterstadt".into(),
        authority: "Bauamt Musterstadt".into(),
        ars: "010510044044".into(),
        service_id: "99012070".into(),
    };
    let mut config = Config::in_directory(files.path(), vec![sender]);
    config.limits.large_tenants = vec!["musterstadt".into()];
    let mut tasks = tokio::task::JoinSet::new();
    let scanner = Counting::start(&mut tasks).await;
    config.scanner = Some(ScannerConfig { address: scanner.address.clone(), off_for: Vec::new() });
    let running = start(config, outside).await.unwrap();
    let all = [tasks, running.tasks];
    House { services: running.grpc, scanner, _files: files, _db: db, _tasks: all }
}

fn grant() -> GrantId {
    GrantId::from_uuid(uuid::Uuid::from_u128(5))
}

fn account() -> AccountId {
    AccountId::from_uuid(uuid::Uuid::from_u128(1))
}

fn authority() -> Caller {
    Caller::Client {
        client_id: "bauamt".into(),
        tenant: "musterstadt".into(),
        scopes: vec!["postbox.deliver".into()],
        grant: grant().to_string(),
    }
}

fn person() -> Caller {
    Caller::Person(Person {
        account: account(),
        client_id: "portal".into(),
        subject: "pairwise".into(),
        level: TrustLevel::High,
        authenticated_at: Timestamp::parse_rfc3339("2025-03-06T10:00:00Z").unwrap(),
        grant: grant(),
        session: None,
        scopes: vec!["postbox.read".into()],
        acting_for: None,
    })
}

impl House {
    async fn handle(&self) -> String {
        let channel = serve(&self.services, Caller::Sibling("identity".into()));
        let owner = pb::issue_handle_request::Owner::AccountId(account().to_string());
        let request = pb::IssueHandleRequest {
            request_id: "h".into(),
            owner: Some(owner),
            sector: "musterstadt".into(),
            ..Default::default()
        };
        HandleServiceClient::new(channel).issue_handle(request).await.unwrap().into_inner().handle
    }

    async fn uploaded(&self, declared: pb::AttachmentDeclaration) -> String {
        use pb::upload_attachment_request::Part;
        let mut client = UploadServiceClient::new(serve(&self.services, authority()));
        let request = pb::CreateUploadRequest {
            request_id: "u".into(),
            attachment: Some(declared),
            organisation_id: String::new(),
            ..Default::default()
        };
        let created = client.create_upload(request).await.unwrap().into_inner();
        let upload_id = created.upload.unwrap().upload_id;
        let head = pb::UploadAttachmentHead { upload_id: upload_id.clone(), ..Default::default() };
        let (seen, before) = (self.scanner.seen.clone(), self.scanner.seen.load(Ordering::Relaxed));
        let chunks = content().enumerate().map(move |(n, piece)| {
            let scanned = seen.load(Ordering::Relaxed) - before;
            assert!(scanned + ON_THE_WAY > n * PIECE, "the scanner saw {scanned} bytes at {n}");
            Part::Chunk(piece)
        });
        let parts = std::iter::once(Part::Head(head)).chain(chunks);
        let messages = parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) });
        let done = client.upload_attachment(tokio_stream::iter(messages)).await.unwrap();
        let done = done.into_inner().upload.unwrap();
        assert_eq!(done.state(), pb::UploadState::Ready);
        upload_id
    }

    async fn submitted(&self, declared: pb::AttachmentDeclaration, upload: String) -> String {
        use pb::submit_stream_request::Part;
        let letter = pb::Letter {
            handle: self.handle().await,
            subject: "Pläne".into(),
            bodies: vec![pb::Body {
                language: "de".into(),
                plain_text: "Guten Tag".into(),
                easy_text: String::new(),
                ..Default::default()
            }],
            delivery_type: pb::DeliveryType::Information.into(),
            ..pb::Letter::default()
        };
        let head = pb::SubmitStreamHead {
            request_id: "r".into(),
            letter: Some(letter),
            attachments: vec![declared],
            upload_ids: vec![upload],
        };
        let parts = std::iter::once(Part::Head(head)).chain(content().map(Part::Chunk));
        let messages = parts.map(|part| pb::SubmitStreamRequest { part: Some(part) });
        let mut client = SenderServiceClient::new(serve(&self.services, authority()));
        let done = client.submit_stream(tokio_stream::iter(messages)).await.unwrap();
        done.into_inner().letter_id
    }

    /// Opens the letter and downloads everything as one archive; its size.
    async fn downloaded(&self, letter: &str) -> usize {
        let mut client = MailboxServiceClient::new(serve(&self.services, person()));
        let open = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: letter.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        client.open(open).await.unwrap();
        let all = pb::DownloadAllRequest {
            letter_id: letter.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        let mut stream = client.download_all(all).await.unwrap().into_inner();
        let mut size = 0;
        while let Some(message) = stream.next().await {
            size += message.unwrap().chunk.len();
        }
        size
    }
}

#[tokio::test]
async fn memory_does_not_grow_with_the_size_of_attachments() {
    let house = house().await;
    let (streamed, before) = (declared("streamed.pdf"), declared("before.pdf"));
    let (mut floor, _) = memory();
    let mut step = |what: &str| {
        let (now, most) = memory();
        let grown = most.saturating_sub(floor);
        println!("{what}: {} MiB more than before at most", grown >> 20);
        assert!(grown < GROWTH, "{what} took {} MiB", grown >> 20);
        floor = floor.max(now);
    };
    let upload = house.uploaded(before).await;
    step("an upload of 200 MiB");
    let letter = house.submitted(streamed, upload).await;
    step("a streamed letter with 200 MiB");
    assert!(house.downloaded(&letter).await > 2 * LARGE);
    step("an archive of 400 MiB");
    let scanned = house.scanner.seen.load(Ordering::Relaxed);
    assert_eq!(scanned, 2 * LARGE, "each was shown to the scanner once, and whole");
}

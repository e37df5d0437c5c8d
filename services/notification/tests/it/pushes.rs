//! Tokens posted to addresses that others named.

use std::time::{Duration, Instant};

use siegel_db::Db;
use siegel_proto::notification::v1::push_service_client::PushServiceClient;
use siegel_proto::notification::v1::{PushOutcome, PushRequest, PushResponse};
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::office::{Office, reason};
use crate::receiver::Receiver;

on_each_backend! { crate::office::TABLES =>
    a_token_arrives_as_it_stands_and_its_audit_line_names_no_address,
    an_answer_other_than_2xx_is_told_and_no_redirect_is_followed,
    an_address_that_hangs_or_talks_too_long_is_unreachable,
    an_address_that_resolves_to_this_machine_is_never_called,
    an_address_nobody_listens_at_or_with_another_certificate_is_unreachable,
    what_is_no_token_is_not_posted
}

fn push(url: &str) -> PushRequest {
    PushRequest {
        request_id: "p1".into(),
        url: url.into(),
        token: "eyJhbGciOiJFUzI1NiJ9.e30.AAAA".into(),
        content_type: "application/siegel-webhook+jwt".into(),
    }
}

async fn send(office: &Office, request: PushRequest) -> Result<PushResponse, Status> {
    let mut client = PushServiceClient::new(office.channel("postbox"));
    client.push(request).await.map(tonic::Response::into_inner)
}

async fn a_token_arrives_as_it_stands_and_its_audit_line_names_no_address(db: Db) {
    let receiver = Receiver::start().await;
    let office = Office::with_way_out(db, receiver.egress.clone()).await;
    let sent = push(&format!("{}/ok?key=geheim", receiver.origin));
    let answer = send(&office, sent.clone()).await.unwrap();
    assert_eq!((answer.outcome(), answer.status), (PushOutcome::Taken, 202));
    assert_eq!(receiver.arrived(), [("/ok".to_owned(), sent.content_type, sent.token)]);
    let audit = office.audit().await;
    let line = ("notification.event.pushed".to_owned(), String::new(), "taken".to_owned());
    assert_eq!(audit, [line]);
}

async fn an_answer_other_than_2xx_is_told_and_no_redirect_is_followed(db: Db) {
    let receiver = Receiver::start().await;
    let office = Office::with_way_out(db, receiver.egress.clone()).await;
    for (path, status) in [("/error", 500), ("/redirect", 307)] {
        let answer = send(&office, push(&format!("{}{path}", receiver.origin))).await.unwrap();
        assert_eq!((answer.outcome(), answer.status), (PushOutcome::Answered, status));
    }
    assert_eq!(receiver.arrived().len(), 2, "nobody was sent on");
}

async fn an_address_that_hangs_or_talks_too_long_is_unreachable(db: Db) {
    let receiver = Receiver::start().await;
    let office = Office::with_way_out(db, receiver.egress.clone()).await;
    for path in ["/hang", "/long"] {
        let begun = Instant::now();
        let answer = send(&office, push(&format!("{}{path}", receiver.origin))).await.unwrap();
        assert_eq!((answer.outcome(), answer.status), (PushOutcome::Unreachable, 0), "{path}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{path}");
    }
}

async fn an_address_that_resolves_to_this_machine_is_never_called(db: Db) {
    let receiver = Receiver::start().await;
    let office = Office::open(db).await; // the way out of a real installation
    let port = receiver.origin.rsplit(':').next().unwrap();
    for url in [
        format!("{}/ok", receiver.origin),
        format!("https://127.0.0.1:{port}/ok"),
        format!("https://[::ffff:127.0.0.1]:{port}/ok"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        format!("http://localhost:{port}/ok"),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let answer = send(&office, push(&url)).await.unwrap();
        assert_eq!(answer.outcome(), PushOutcome::AddressRefused, "{url}");
    }
    assert_eq!(receiver.arrived(), []);
}

async fn an_address_nobody_listens_at_or_with_another_certificate_is_unreachable(db: Db) {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let office = Office::with_way_out(db, receiver.egress.clone()).await;
    let origin = receiver.origin.clone();
    drop(receiver);
    let settings = siegel_egress::EgressSettings {
        allow: vec![other.origin.trim_start_matches("https://").to_owned()],
        extra_root_file: None,
    };
    let answer = send(&office, push(&format!("{origin}/ok"))).await.unwrap();
    assert_eq!(answer.outcome(), PushOutcome::Unreachable);
    let distrustful =
        siegel_egress::Egress::new(&settings, siegel_config::Profile::Sandbox).unwrap();
    let refused = distrustful.get(&format!("{}/ok", other.origin)).await;
    assert!(refused.is_err());
    assert_eq!(other.arrived(), []);
}

async fn what_is_no_token_is_not_posted(db: Db) {
    let receiver = Receiver::start().await;
    let office = Office::with_way_out(db, receiver.egress.clone()).await;
    let good = push(&format!("{}/ok", receiver.origin));
    for bad in [
        PushRequest { request_id: String::new(), ..good.clone() },
        PushRequest { token: String::new(), ..good.clone() },
        PushRequest { token: "a".repeat(16 * 1024 + 1), ..good.clone() },
        PushRequest { content_type: "text/html".into(), ..good.clone() },
        PushRequest { content_type: "application/a+jwt\r\nX: y+jwt".into(), ..good.clone() },
    ] {
        let status = send(&office, bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(receiver.arrived(), []);
}

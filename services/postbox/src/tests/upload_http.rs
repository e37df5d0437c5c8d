//! Uploads over plain HTTP.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use siegel_db::Db;
use siegel_proto::postbox::v1::upload_service_server::UploadServiceServer;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use super::uploads::{create, declared, sender};
use super::world::{PDF, World};

on_each_backend! { &crate::MIGRATIONS =>
    an_upload_goes_over_plain_http_too
}

async fn an_upload_goes_over_plain_http_too(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let service = UploadServiceServer::new(crate::grpc::UploadServer(world.postbox.clone()));
    let grpc = axum::Router::new()
        .route_service("/siegel.postbox.v1.UploadService/{*method}", service)
        .layer(axum::Extension(sender()));
    let http = crate::with_uploads(grpc);
    let path = format!("/v1/uploads/{}", begun.upload_id);
    let total = PDF.len();
    let ask = |method: &str, range: Option<String>, body: &[u8]| {
        let mut request = Request::builder().method(method).uri(&path);
        if let Some(range) = range {
            request = request.header("content-range", range);
        }
        http.clone().oneshot(request.body(Body::from(body.to_vec())).unwrap())
    };
    let first = ask("PUT", Some(format!("bytes 0-9/{total}")), &PDF[..10]).await.unwrap();
    assert_eq!(
        (first.status(), &first.headers()["upload-offset"]),
        (StatusCode::OK, &"10".parse().unwrap())
    );
    let wrong = ask("PUT", Some(format!("bytes 5-9/{total}")), &PDF[5..10]).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::CONFLICT);
    assert_eq!(wrong.headers()["upload-offset"], "10");
    let asked = ask("PUT", Some(format!("bytes */{total}")), b"").await.unwrap();
    assert_eq!(asked.headers()["upload-offset"], "10");
    let looked = ask("HEAD", None, b"").await.unwrap();
    assert_eq!(
        (looked.status(), &looked.headers()["upload-offset"]),
        (StatusCode::OK, &"10".parse().unwrap())
    );
    let range = format!("bytes 10-{}/{total}", total - 1);
    let last = ask("PUT", Some(range), &PDF[10..]).await.unwrap();
    let body = last.into_body().collect().await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["state"], "UPLOAD_STATE_READY");
}

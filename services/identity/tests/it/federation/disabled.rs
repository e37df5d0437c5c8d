//! An account that an operator closed does not open from elsewhere either.

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::app::disable::{disable, enable};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::domain::disabling::Reason;
use siegel_testkit::on_each_backend;

use super::land::Land;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_link_does_not_open_a_disabled_account,
}

async fn a_link_does_not_open_a_disabled_account(db: Db) {
    let land = Land::new(db).await;
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let account = browser.session().await.unwrap().account;
    land.delivers().await;
    let (state, by) = (&land.world.state, Operator::new("ada").unwrap());
    assert!(disable(state, account, Reason::Misuse, &by).await.unwrap());
    assert!(browser.session().await.is_none());
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.location);
    assert!(page.body.contains("Dieses Konto ist gesperrt"), "{}", page.body);
    assert!(browser.session().await.is_none());
    assert!(enable(state, account, &by).await.unwrap());
    assert_eq!(land.logs_in().await.0.status, StatusCode::SEE_OTHER);
}
